//! One log: `info` and above go to every console with the project's prefix, everything goes to a file in memory with the time since boot.
//!
//! The file is copied to the installed system, or to the stick when the installation fails. Secrets are never logged.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use rustix::time::{ClockId, clock_gettime};

use super::console;

/// Where the log is while the installer runs.
pub const PATH: &str = "/run/autoinstaller.log";

/// More would fill the memory that it lies in.
const MOST: u64 = 16 << 20;

struct Journal {
    file: Mutex<Option<File>>,
    /// How many bytes it may still grow by. Nobody waits for anybody here.
    room: AtomicU64,
}

static JOURNAL: Journal = Journal { file: Mutex::new(None), room: AtomicU64::new(MOST) };

/// Starts logging. Without a file, the consoles remain.
pub fn start() {
    start_with(OpenOptions::new().create(true).append(true).mode(0o600).open(PATH).ok());
}

/// Logs to the kernel's own log, for the short life of a process that the kernel started.
pub fn start_in_kernel_log() {
    start_with(OpenOptions::new().write(true).open("/dev/kmsg").ok());
}

fn start_with(file: Option<File>) {
    // A program that has taken over goes on with the same file.
    let length = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |file| file.len());
    JOURNAL.room.store(MOST.saturating_sub(length), Ordering::Relaxed);
    *JOURNAL.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
    if log::set_logger(&JOURNAL).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

impl Journal {
    fn is_full(&self) -> bool {
        self.room.load(Ordering::Relaxed) == 0
    }

    /// Says whether there was room, or none before either.
    fn append(&self, file: &mut File, line: &str) -> bool {
        let room = self.room.load(Ordering::Relaxed);
        let rest = room.saturating_sub(line.len() as u64);
        let written = rest > 0 && file.write_all(line.as_bytes()).is_ok();
        self.room.store(if written { rest } else { 0 }, Ordering::Relaxed);
        if !written && room > 0 {
            file.write_all(b"the log is full and ends here\n").unwrap_or_default();
        }
        written || room == 0
    }
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.target().starts_with("init")
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let written = self.file.lock().unwrap_or_else(PoisonError::into_inner).as_mut().is_none_or(|file| {
            let now = clock_gettime(ClockId::Boottime);
            let line = format!("{:5}.{:03} {}\n", now.tv_sec, now.tv_nsec / 1_000_000, record.args());
            // Why it failed is what a log is read for, and never much.
            if record.level() == Level::Error {
                file.write_all(line.as_bytes()).is_ok() || self.is_full()
            } else {
                self.append(file, &line)
            }
        });
        if !written {
            // That must not stop an installation; the consoles still say everything.
            console::print("autoinstaller: the log is full and ends here\n");
        }
        if record.level() <= Level::Info {
            console::print(&format!("autoinstaller: {}\n", record.args()));
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_full_is_said_once() {
        let path = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
        let mut file = File::create(&path).unwrap();
        let journal = Journal { file: Mutex::new(None), room: AtomicU64::new(10) };
        let said = ["four\n", "five\n", "six\n"].map(|line| journal.append(&mut file, line));
        let text = std::fs::read_to_string(&path).unwrap();
        // A device that takes nothing.
        let mut full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let journal = Journal { file: Mutex::new(None), room: AtomicU64::new(MOST) };
        let no_room = ["four\n", "five\n"].map(|line| journal.append(&mut full, line));
        std::fs::remove_file(&path).unwrap();
        assert_eq!((said, text.as_str()), ([true, false, true], "four\nthe log is full and ends here\n"));
        assert_eq!(no_room, [false, true]);
    }
}
