//! A shell for whoever wants to look at what has failed: busybox in the initramfs, and with `stage2 PROGRAM` what stage-2 has.

use std::fs::{OpenOptions, write};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{children, console, viewers};
use crate::act;
use crate::error::Kind;

/// What the shell reads first: a word for every program that is not in the initramfs.
const PROFILE: (&str, &str) = ("/etc/profile", "alias stage2='/init stage2'\n");
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// A shell on this console; returns when it ends.
pub fn on(console: &str) {
    if console::is_viewer(console) {
        return match viewers::invitation() {
            Some(how) => log::info!("a shell is a session of its own: ssh -t root@{} bash", how.address),
            None => log::info!("a shell is to be had at the machine alone: nobody can log in any more"),
        };
    }
    let open = || OpenOptions::new().read(true).write(true).open(format!("/dev/{console}"));
    let (Ok(input), Ok(output), Ok(errors)) = (open(), open(), open()) else {
        log::error!("opening /dev/{console} for a shell: it is gone");
        return;
    };
    write(PROFILE.0, PROFILE.1).unwrap_or_else(|error| log::debug!("writing {}: {error}", PROFILE.0));
    // It goes when this returns, unless it is the installation's own.
    let tools = act::visit_stage2();
    log::info!("shell on {console}: exit returns here");
    match &tools {
        Ok(_) => log::info!("programs that are not in it, such as bash, nix, git and cryptsetup: stage2 PROGRAM ARGUMENTS"),
        Err(error) => log::info!("it has busybox alone: {error}"),
    }
    let mut command = Command::new("/bin/busybox");
    // A session of its own with the console as controlling terminal: job control and Ctrl-C work, and PID 1 keeps none.
    command.args(["setsid", "-c", "/bin/busybox", "sh", "-c", "stty sane; exec busybox sh -l"]);
    command.env_clear().env("PATH", "/bin:/sbin:/usr/bin:/usr/sbin").env("HOME", "/").env("TERM", "linux");
    command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).stderr(Stdio::from(errors));
    let job = children::Job {
        program: "sh",
        doing: "running a shell",
        kind: Kind::System,
        deadline: WEEK,
        output: log::Level::Info,
        so_far: children::UNKNOWN,
    };
    let ended = children::foreground(command, job);
    console::reopen(console);
    if let Err(error) = ended {
        log::error!("{error}");
    }
}
