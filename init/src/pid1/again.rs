//! Starting over without the firmware: everything that was taken is given back, and this program becomes a fresh one, which knows of the
//! old one no more than what it did to disks, and why it panicked. Memory, threads and open files are gone with it.

use std::fs::{read_to_string, remove_file, write};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{console, survivors, truth};
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

/// Takes over, if there is anything to take over.
///
/// # Errors
/// The earlier one panicked: that is what has failed.
pub fn take_over() -> Result<(), Error> {
    let Ok(legacy) = read_to_string(LEGACY) else { return Ok(()) };
    remove_file(LEGACY).unwrap_or_default();
    SUCCESSOR.store(true, Ordering::Relaxed);
    let mut lines = legacy.lines();
    truth::take_over(lines.next().unwrap_or_default());
    let (Some(phase), Some(cause)) = (lines.next(), lines.next()) else { return Ok(()) };
    MAY_PANIC.store(false, Ordering::Relaxed);
    super::phase::resume(phase);
    Err(Error::new(Kind::Panic, "running the installer itself", cause))
}

/// Gives everything back and starts over with looking at the machine. Whatever was agreed to must be agreed to again.
pub fn start_over() -> ! {
    log::info!("starting over");
    console::dismiss();
    survivors::end_all();
    act::release();
    act::leave_stage2();
    act::unprotect();
    medium::detach_loops();
    become_fresh(truth::line())
}

/// Has a fresh one show why this one panicked. Returns if it cannot.
pub fn after_panic(message: &str) {
    if std::process::id() == 1 && MAY_PANIC.swap(false, Ordering::Relaxed) {
        let message = message.replace('\n', " ");
        // Whoever panicked may hold the lock of either.
        let (phase, truth) = (super::phase::now(), truth::line());
        let cause = exec(format!("{truth}\n{phase}\n{message}\n"));
        console::print_in_panic(&format!("autoinstaller: {cause}\n"));
    }
}

fn become_fresh(legacy: String) -> ! {
    let cause = exec(legacy);
    log::error!("starting over: {cause}; switch the machine off by hand");
    super::power::hold()
}

/// Returns why it failed.
fn exec(legacy: String) -> std::io::Error {
    match write(LEGACY, legacy) {
        Ok(()) => Command::new(PROGRAM).env_clear().exec(),
        Err(error) => error,
    }
}
