//! The truth about the disk, for whoever has to report a failure: even a panic knows it, and so does a PID 1 that starts over.

use std::sync::{Mutex, PoisonError};

struct Truth {
    state: State,
    /// Name of the disk it is about; empty as long as nothing was written.
    disk: String,
    /// Other disks, which were erased before this program started over.
    before: Vec<String>,
    /// The machine is being switched off, and somebody was told that nothing was written.
    ending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Untouched,
    Erased,
    Unverified,
    Installed,
}

/// As they are written down.
const STATES: [(&str, State); 4] =
    [("untouched", State::Untouched), ("erased", State::Erased), ("unverified", State::Unverified), ("installed", State::Installed)];

static TRUTH: Mutex<Truth> = Mutex::new(Truth::new());

/// To be called right before the first write. Does not return once [`ends_untouched`] was true: nothing may be written any more.
pub fn erasing(disk: &str) {
    let ending = now(|truth| {
        if !truth.ending {
            truth.erasing(disk);
        }
        truth.ending
    });
    if ending {
        super::power::hold();
    }
}

/// Before the machine is switched off in the middle: whether nothing was written. If so, nothing will be.
pub fn ends_untouched() -> bool {
    now(|truth| {
        truth.ending |= truth.state == State::Untouched;
        truth.ending
    })
}

/// Whether the machine is being switched off as [`ends_untouched`] says.
pub fn is_ending() -> bool {
    now(|truth| truth.ending)
}

/// The disk that was erased last, if it is not this one and does not boot.
pub fn erased_other(disk: &str) -> Option<String> {
    now(|truth| (truth.disk != disk && matches!(truth.state, State::Erased | State::Unverified)).then(|| truth.disk.clone()))
}

/// To be called right before the disk is made bootable: from then on it may well boot, and nobody knows what.
pub fn unverified() {
    now(|truth| truth.state = State::Unverified);
}

/// To be called when the disk has been read back and found good.
pub fn installed() {
    now(|truth| truth.state = State::Installed);
}

/// Whether anything was written to a disk, by this program or before it started over.
pub fn is_written() -> bool {
    now(|truth| truth.state != State::Untouched)
}

/// What to tell a person.
pub fn sentence() -> String {
    now(|truth| truth.sentence())
}

/// All of it in one line, for [`take_over`].
pub fn line() -> String {
    now(|truth| truth.line())
}

/// Knows what the program knew that wrote this line.
pub fn take_over(line: &str) {
    now(|truth| *truth = Truth::of(line));
}

fn now<T>(with: impl FnOnce(&mut Truth) -> T) -> T {
    with(&mut TRUTH.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Truth {
    const fn new() -> Truth {
        Truth { state: State::Untouched, disk: String::new(), before: Vec::new(), ending: false }
    }

    fn erasing(&mut self, disk: &str) {
        let other = std::mem::replace(&mut self.disk, disk.into());
        self.state = State::Erased;
        self.before.retain(|name| name != disk);
        if !other.is_empty() && other != disk {
            self.before.push(other);
        }
    }

    fn sentence(&self) -> String {
        let disk = &self.disk;
        let mut text = match self.state {
            State::Untouched => "nothing was written".into(),
            State::Erased => format!("{disk} was erased and is not bootable"),
            State::Unverified => format!("{disk} was erased and installed, but what is on it is not what it should be, or cannot be read"),
            State::Installed => format!("{disk} is installed and bootable"),
        };
        if !self.before.is_empty() {
            text += &format!("; erased before it: {}", self.before.join(", "));
        }
        text
    }

    /// Kernel names have no blanks.
    fn line(&self) -> String {
        let state = STATES.iter().find(|(_, state)| *state == self.state).map_or("", |(word, _)| word);
        [&[state, &self.disk], self.before.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat().join(" ")
    }

    fn of(line: &str) -> Truth {
        let mut words = line.split(' ');
        let first = words.next().unwrap_or_default();
        let state = STATES.iter().find(|(word, _)| *word == first).map_or(State::Erased, |(_, state)| *state);
        Truth { state, disk: words.next().unwrap_or("a disk").into(), before: words.map(String::from).collect(), ending: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_until_somebody_says_so() {
        let mut truth = Truth::new();
        assert_eq!(truth.sentence(), "nothing was written");
        truth.erasing("nvme0n1");
        assert_eq!(truth.sentence(), "nvme0n1 was erased and is not bootable");
        truth.state = State::Unverified;
        assert_eq!(truth.sentence(), "nvme0n1 was erased and installed, but what is on it is not what it should be, or cannot be read");
        truth.state = State::Installed;
        assert_eq!(truth.sentence(), "nvme0n1 is installed and bootable");
    }

    #[test]
    fn it_outlives_the_program_with_every_disk_that_was_erased() {
        let mut truth = Truth::of(&Truth::new().line());
        assert_eq!(truth.sentence(), "nothing was written");
        for (disk, sentence) in [
            ("sda", "sda was erased and is not bootable"),
            ("sda", "sda was erased and is not bootable"),
            ("sdb", "sdb was erased and is not bootable; erased before it: sda"),
            ("sdc", "sdc was erased and is not bootable; erased before it: sda, sdb"),
            ("sda", "sda was erased and is not bootable; erased before it: sdb, sdc"),
        ] {
            truth.erasing(disk);
            truth = Truth::of(&truth.line());
            assert_eq!(truth.sentence(), sentence);
        }
        assert_eq!(Truth::of("").sentence(), "a disk was erased and is not bootable");
        for (_, state) in STATES {
            truth.state = state;
            assert_eq!(Truth::of(&truth.line()).state, state);
        }
    }
}
