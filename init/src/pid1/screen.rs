//! The failure screen: what failed and when, what was written, where the log is, what to do. It stays until a person presses a key.

use std::sync::mpsc::channel;

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
    loop {
        wait("failed", error, Again::Over);
        again::start_over();
    }
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
        show(word, error, again);
        match console::key(b"rsp") {
            (b'r', _) => return,
            (b'p', _) => power::off(),
            (_, console) => shell::on(&console),
        }
    }
}

/// First of all what failed: saving the log may fail as well, or never end. Last the keys, with the code by which manuals and forums know this
/// class of failure.
fn show(word: &str, error: &Error, again: Again) {
    error.details.iter().for_each(|detail| log::error!("- {detail}"));
    log::error!("{word}: {error}");
    let phase = phase::now();
    if !phase.is_empty() {
        log::error!("during: {phase}");
    }
    log::error!("disk: {}", truth::sentence());
    match saved_log() {
        Ok(place) => log::error!("log: {place}"),
        Err(why) => log::error!("log: only in memory, {} ({why})", super::journal::PATH),
    }
    // What was typed before all of this was seen must not take the screen away.
    console::forget_typed();
    (1..).zip(error.kind.remedies()).for_each(|(number, remedy)| log::error!("{number}. {remedy}"));
    let (code, class) = error.kind.code();
    let r = match again {
        Again::Here => "try again",
        Again::Over => "start over",
    };
    log::error!("{code} ({class}): press r to {r}, s for a shell, p to power off");
}

/// Where the log is, or why it is not on the stick.
fn saved_log() -> Result<String, String> {
    let (report, saved) = channel();
    // The receiver may have given up.
    let in_time = power::within_patience("saving the log", move || report.send(medium::save_log()).unwrap_or_default());
    if !in_time {
        return Err("the stick does not answer".into());
    }
    saved.recv().map_err(|_| "saving it ended in the middle".to_string())?.map_err(|error| error.to_string())
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
