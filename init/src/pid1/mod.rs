//! The duties of PID 1: file systems of the kernel, consoles, log, children, power. It never returns.

mod again;
mod aloud;
pub mod children;
pub mod console;
mod ctrl_alt_del;
mod editor;
pub mod hidden;
pub mod journal;
pub mod keyboard;
mod lines;
mod lock;
pub mod memory;
pub mod mounts;
mod panic;
pub mod phase;
pub mod power;
mod said;
pub mod screen;
pub mod secret;
mod shell;
pub mod survivors;
mod table;
mod terminal;
pub mod truth;
pub mod viewers;

pub use again::is_successor;
pub use aloud::aloud;

use rustix::mm::{MlockAllFlags, mlockall};

use crate::error::Error;

/// Makes the machine usable and the person reachable. What cannot be had is reported on the consoles there are.
///
/// # Errors
/// An earlier PID 1 has panicked, and this one took over: nothing else is done before a person has seen that.
pub fn start() -> Result<(), Error> {
    let troubles = mounts::kernel_file_systems();
    console::open_all();
    journal::start();
    let panicked = again::take_over();
    panic::install_hook();
    ctrl_alt_del::attend();
    memory::spare_this_program();
    memory::end_rather_than_crawl();
    troubles.iter().for_each(|trouble| log::warn!("{trouble}"));
    // Passphrases and keys go through this memory, and the installation may swap to the disk.
    let locked = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
    locked.unwrap_or_else(|error| log::debug!("keeping this program's memory from being swapped: {error}"));
    match panicked {
        Some(error) => {
            // What it left running must not go on writing behind the failure screen, which wants to leave the log on the stick.
            survivors::end_all();
            crate::look::medium_once();
            Err(error)
        }
        None => Ok(()),
    }
}

/// How an installation ends when it does not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Installed: switch the machine off.
    PowerOff,
    /// Installed: start the machine again, into what was installed.
    Reboot,
    /// The plan was shown, as asked, and no more.
    DryRun,
    /// The person said no.
    Declined,
    /// A shell was asked for instead of an installation.
    Shell,
}

/// The end of PID 1's work: off, again, or the failure screen until a person decides.
pub fn finish(outcome: Result<End, Error>) -> ! {
    match outcome {
        Ok(End::PowerOff) => power::off(),
        Ok(End::Reboot) => power::reboot(),
        Ok(End::DryRun) => {
            log::info!("dry run: {}", truth::sentence());
            power::off()
        }
        Ok(End::Declined) => {
            log::info!("declined: {}", truth::sentence());
            power::off()
        }
        Ok(End::Shell) => screen::rescue(),
        Err(error) => screen::hold(&error),
    }
}
