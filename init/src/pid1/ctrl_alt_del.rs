//! Ctrl-Alt-Del. The kernel would start the machine again at once, whatever is being written; it is told to send PID 1 a signal instead.
//!
//! Before the first write it switches the machine off. After that it asks, and the answer is the same three keys once more: what is typed
//! belongs to whatever else is asked at that time.

use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use rustix::system::{RebootCommand, reboot};

use super::{power, truth};
use crate::sys::signals;

/// How long the answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// From now on it is heard. To be called before any other thread is started.
pub fn attend() {
    if std::process::id() != 1 {
        return;
    }
    signals::default_faults();
    signals::block_interrupt();
    reboot(RebootCommand::CadOff).unwrap_or_else(|error| log::debug!("taking Ctrl-Alt-Del from the kernel: {error}"));
    spawn(|| {
        let mut asked: Option<Instant> = None;
        while signals::wait_for_interrupt() {
            if !truth::is_written() {
                log::info!("Ctrl-Alt-Del: {}", truth::sentence());
                power::off();
            }
            if asked.is_some_and(|asked| asked.elapsed() < ANSWER) {
                log::info!("Ctrl-Alt-Del twice: the installation is cut off; {}", truth::sentence());
                power::off();
            }
            asked = Some(Instant::now());
            let within = ANSWER.as_secs();
            log::warn!("Ctrl-Alt-Del: {}; press it once more within {within} s to switch the machine off all the same", truth::sentence());
            // A key that is held sends it again and again.
            sleep(Duration::from_secs(1));
            while signals::take_interrupt() {}
        }
    });
}
