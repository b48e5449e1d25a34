//! The failure screen: what failed, what was written, where the log is, what to do. It stays until a person presses a key.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::{children, console, power, truth, viewers};
use crate::error::{Error, Kind};
use crate::medium;

/// What the keys of the screen do.
pub const KEYS: &str = "press p to power off, s for a shell";

/// Shows the failure and waits. First details and error, then the log is saved: saving may fail as well.
pub fn hold(error: &Error) -> ! {
    error.details.iter().for_each(|detail| log::error!("- {detail}"));
    log::error!("failed: {error}");
    log::error!("disk: {}", truth::sentence());
    match medium::save_log() {
        Ok(place) => log::error!("log: {place}"),
        Err(why) => log::error!("log: only in memory, {} ({why})", super::journal::PATH),
    }
    (1..).zip(error.kind.remedies()).for_each(|(number, remedy)| log::error!("{number}. {remedy}"));
    rescue()
}

/// Shows a failure after which it can be tried again without starting over, and returns when the person wants that.
pub fn until_retry(error: &Error) {
    loop {
        console::forget_typed();
        error.details.iter().for_each(|detail| log::warn!("- {detail}"));
        log::warn!("not ready: {error}");
        log::warn!("disk: {}", truth::sentence());
        (1..).zip(error.kind.remedies()).for_each(|(number, remedy)| log::warn!("{number}. {remedy}"));
        log::warn!("press r to try again, s for a shell, p to power off");
        match console::key(b"rsp") {
            (b'r', _) => return,
            (b'p', _) => {
                medium::save_log().map_or_else(|why| log::warn!("{why}"), |place| log::info!("log: {place}"));
                power::off()
            }
            (_, console) => shell(&console),
        }
    }
}

/// Offers a shell until the person switches the machine off.
pub fn rescue() -> ! {
    loop {
        // A key that was pressed during the installation must not take the screen away.
        console::forget_typed();
        log::error!("{KEYS}");
        match console::key(b"ps") {
            (b'p', _) => power::off(),
            (_, console) => shell(&console),
        }
    }
}

/// A shell on this console; returns when it ends.
fn shell(console: &str) {
    if console::is_viewer(console) {
        return match viewers::invitation() {
            Some(how) => log::info!("a shell is a session of its own: ssh -t root@{} bash", how.address),
            None => log::info!("a shell is to be had at the machine alone: nobody can log in any more"),
        };
    }
    log::info!("shell on {console}: exit returns here");
    let open = || std::fs::OpenOptions::new().read(true).write(true).open(format!("/dev/{console}"));
    let (Ok(input), Ok(output), Ok(errors)) = (open(), open(), open()) else {
        log::error!("opening /dev/{console} for a shell: it is gone");
        return;
    };
    let mut command = Command::new("/bin/busybox");
    // A session of its own with the console as controlling terminal: job control and Ctrl-C work, and PID 1 keeps none.
    command.args(["setsid", "-c", "/bin/busybox", "sh", "-c", "stty sane; exec busybox sh -l"]);
    command.env_clear().env("PATH", "/bin:/sbin:/usr/bin:/usr/sbin").env("HOME", "/").env("TERM", "linux");
    command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).stderr(Stdio::from(errors));
    let week = Duration::from_secs(7 * 24 * 3600);
    let job = children::Job {
        program: "sh",
        doing: "running a shell",
        kind: Kind::System,
        deadline: week,
        output: log::Level::Info,
        so_far: children::UNKNOWN,
    };
    let ended = children::foreground(command, job);
    console::reopen(console);
    if let Err(error) = ended {
        log::error!("{error}");
    }
}
