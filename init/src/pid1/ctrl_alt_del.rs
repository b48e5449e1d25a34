//! Ctrl-Alt-Del. The kernel would start the machine again at once, whatever is being written; it is told to send PID 1 a signal instead.
//!
//! Before the first write it switches the machine off, and then nothing is written any more. After that it asks, and the answer is the same
//! three keys once more: what is typed belongs to whatever else is asked at that time.

use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use rustix::system::{RebootCommand, reboot};

use super::{power, truth};
use crate::sys::signals;

/// How long the answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// A key that is held sends it again and again, with less between.
const RELEASED: Duration = Duration::from_secs(1);
/// Between two looks.
const TICK: Duration = Duration::from_millis(100);

/// From now on it is heard. The truth about the disk must be known by then.
pub fn attend() {
    if std::process::id() != 1 {
        return;
    }
    signals::default_faults();
    signals::count_interrupts();
    reboot(RebootCommand::CadOff).unwrap_or_else(|error| log::debug!("taking Ctrl-Alt-Del from the kernel: {error}"));
    spawn(|| {
        let mut asked: Option<Instant> = None;
        loop {
            wait_for_one();
            if truth::ends_untouched() {
                log::info!("Ctrl-Alt-Del: {}", truth::sentence());
                power::off();
            }
            if asked.is_some_and(|asked| asked.elapsed() < ANSWER) {
                log::info!("Ctrl-Alt-Del twice: the installation is cut off; {}", truth::sentence());
                power::off();
            }
            let within = ANSWER.as_secs();
            log::warn!("Ctrl-Alt-Del: {}; press it once more within {within} s to switch the machine off all the same", truth::sentence());
            wait_for_release();
            asked = Some(Instant::now());
        }
    });
}

fn wait_for_one() {
    let before = signals::interrupts();
    while signals::interrupts() == before {
        sleep(TICK);
    }
}

fn wait_for_release() {
    let mut before = signals::interrupts();
    loop {
        sleep(RELEASED);
        let now = signals::interrupts();
        if now == before {
            return;
        }
        before = now;
    }
}
