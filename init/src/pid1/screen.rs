//! The failure screen: what failed and when, what was written, where the log is, what to do. It stays until a person presses a key.

use super::{again, console, phase, power, shell, truth};
use crate::error::Error;
use crate::medium;

/// What `r` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// What failed is tried again, and what was done before it stays.
    Here,
    /// The installation starts with looking at the machine, and asks anew.
    Over,
}

/// Shows the failure until the person starts over or switches the machine off.
pub fn hold(error: &Error) -> ! {
    wait("failed", error, Again::Over);
    again::start_over()
}

/// Shows the failure of something that can be done again as it is, and returns when the person wants that.
pub fn until_retry(error: &Error) {
    wait("failed", error, Again::Here);
}

/// The same, of something that has to be ready before the question is asked.
pub fn until_ready(error: &Error) {
    wait("not ready", error, Again::Here);
}

/// Returns when `r` was pressed.
fn wait(word: &str, error: &Error, again: Again) {
    loop {
        // What is saved must have it, and the screen says it last.
        error.details.iter().for_each(|detail| log::debug!("- {detail}"));
        log::debug!("{word}: {error}; {}", truth::sentence());
        let log = medium::save_log();
        // Saving it takes a while; a key that was pressed before must not take the screen away.
        console::forget_typed();
        show(word, error, log, again);
        match console::key(b"rsp") {
            (b'r', _) => return,
            (b'p', _) => power::off(),
            (_, console) => shell::on(&console),
        }
    }
}

/// First of all what failed, and last the keys, with the code by which manuals and forums know this class of failure.
fn show(word: &str, error: &Error, log: Result<String, Error>, again: Again) {
    error.details.iter().for_each(|detail| log::error!("- {detail}"));
    log::error!("{word}: {error}");
    let phase = phase::now();
    if !phase.is_empty() {
        log::error!("during: {phase}");
    }
    log::error!("disk: {}", truth::sentence());
    match log {
        Ok(place) => log::error!("log: {place}"),
        Err(why) => log::error!("log: only in memory, {} ({why})", super::journal::PATH),
    }
    (1..).zip(error.kind.remedies()).for_each(|(number, remedy)| log::error!("{number}. {remedy}"));
    let (code, class) = error.kind.code();
    let r = match again {
        Again::Here => "try again",
        Again::Over => "start over",
    };
    log::error!("{code} ({class}): press r to {r}, s for a shell, p to power off");
}

/// Offers a shell until the person switches the machine off.
pub fn rescue() -> ! {
    loop {
        console::forget_typed();
        log::error!("press s for a shell, r to start over, p to power off");
        match console::key(b"rsp") {
            (b'r', _) => again::start_over(),
            (b'p', _) => power::off(),
            (_, console) => shell::on(&console),
        }
    }
}
