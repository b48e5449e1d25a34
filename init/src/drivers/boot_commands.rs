//! What a host's owner wants done before its disks are looked at: hardware that needs more than a driver, as Thunderbolt devices that have
//! to be authorised. Nothing is chosen and nobody was asked yet: commands that write to a disk break the promise of this program.

use std::fs::write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use log::Level;

use crate::error::Kind;
use crate::pid1::children::{self, Job};

/// The commands, in the initrd.
const FILE: &str = "/etc/autoinstaller/boot-commands";
/// There when they have ended.
const DONE: &str = "/run/autoinstaller.boot-commands";
/// Devices behind a dock take 10 to 20 s.
const DEADLINE: Duration = Duration::from_secs(120);
/// Programs have their own names, whether or not this busybox would find them in itself.
const SHELL: &str = "/bin/busybox mkdir -p /run/busybox && /bin/busybox --install -s /run/busybox; . \"$0\"";

/// Runs them, if there are any. That they fail is a warning: whether something is missing shows when the disks are listed.
pub fn boot_commands() {
    if !Path::new(FILE).exists() {
        return;
    }
    if Path::new(DONE).exists() {
        // For a program that has started over: what they change at the hardware is changed.
        return log::info!("the boot commands have run already");
    }
    log::info!("running the boot commands");
    let mut command = Command::new("/bin/busybox");
    command.args(["sh", "-c", SHELL, FILE]).env_clear().env("PATH", "/run/busybox:/bin").env("HOME", "/");
    let job = Job {
        program: "sh",
        doing: "running the boot commands",
        kind: Kind::System,
        deadline: DEADLINE,
        output: Level::Info,
        so_far: children::UNKNOWN,
    };
    if let Err(error) = children::run(command, job) {
        log::warn!("{error}; the installation goes on");
    }
    write(DONE, "").unwrap_or_else(|error| log::debug!("noting that the boot commands have run: {error}"));
}
