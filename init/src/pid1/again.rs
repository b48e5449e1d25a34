//! Starting over without the firmware: everything that was taken is given back, and this program becomes a fresh one, which knows of the
//! old one no more than what it did to disks, and why it panicked. Memory, threads and open files are gone with it.

use std::fs::{read_to_string, remove_file, write};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{console, phase, power, survivors, truth};
use crate::error::{Error, Kind};
use crate::{act, medium};

/// What the old one leaves for the new one: the truth about the disk, and below it why and when it panicked, if it did.
const LEGACY: &str = "/run/autoinstaller.again";
/// This program, in the initramfs.
const PROGRAM: &str = "/init";

/// Whether this is not the first one since the machine was switched on.
static SUCCESSOR: AtomicBool = AtomicBool::new(false);
/// Whether a panic may still be shown by a fresh one: not that of one which had to show a panic.
static MAY_PANIC: AtomicBool = AtomicBool::new(true);

/// Whether this program has taken over from an earlier one.
pub fn is_successor() -> bool {
    SUCCESSOR.load(Ordering::Relaxed)
}

/// Takes over, if there is anything to take over; returns why the earlier one panicked, if it did. What cannot be read is the worst.
pub fn take_over() -> Option<Error> {
    let legacy = match read_to_string(LEGACY) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        legacy => legacy.unwrap_or_default(),
    };
    remove_file(LEGACY).unwrap_or_default();
    SUCCESSOR.store(true, Ordering::Relaxed);
    let mut lines = legacy.lines();
    truth::take_over(lines.next().unwrap_or_default());
    let (doing, cause) = (lines.next()?, lines.next()?);
    MAY_PANIC.store(false, Ordering::Relaxed);
    phase::resume(doing);
    Some(Error::new(Kind::Panic, "running the installer itself", cause))
}

/// Gives everything back and starts over with looking at the machine, where everything is asked again. Returns if that is not possible.
pub fn start_over() {
    if truth::is_ending() {
        power::hold();
    }
    log::info!("starting over");
    console::dismiss();
    survivors::end_all();
    // Programs of stage-2 lie in memory that may be swapped out.
    let given_back = power::within_patience("giving everything back", || {
        act::leave_stage2();
        act::release();
        act::unprotect();
        medium::leave_all();
    });
    if !given_back {
        return log::error!("starting over: a disk does not answer: switch the machine off");
    }
    let cause = exec(truth::line());
    log::error!("starting over: {cause}: switch the machine off");
}

/// Has a fresh one show why this one panicked. Returns if it cannot.
pub fn after_panic(message: &str) {
    if std::process::id() == 1 && MAY_PANIC.swap(false, Ordering::Relaxed) {
        let message = message.replace('\n', " ");
        let cause = exec(format!("{}\n{}\n{message}\n", truth::line(), phase::now()));
        console::print_in_panic(&format!("autoinstaller: {cause}\n"));
    }
}

/// Returns why it failed.
fn exec(legacy: String) -> std::io::Error {
    match write(LEGACY, legacy) {
        Ok(()) => Command::new(PROGRAM).env_clear().exec(),
        Err(error) => error,
    }
}
