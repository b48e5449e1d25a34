//! One log: `info` and above go to every console with the project's prefix, everything goes to a file in memory with the time since boot.
//!
//! The file is copied to the installed system, or to the stick when the installation fails. Secrets are never logged.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use rustix::time::{ClockId, clock_gettime};

use super::console;

/// Where the log is while the installer runs.
pub const PATH: &str = "/run/autoinstaller.log";

struct Journal {
    file: Mutex<Option<File>>,
}

static JOURNAL: Journal = Journal { file: Mutex::new(None) };

/// Starts logging. Without a file, the consoles remain.
pub fn start() {
    start_with(OpenOptions::new().create(true).append(true).mode(0o600).open(PATH).ok());
}

/// Logs to the kernel's own log, for the short life of a process that the kernel started.
pub fn start_in_kernel_log() {
    start_with(OpenOptions::new().write(true).open("/dev/kmsg").ok());
}

fn start_with(file: Option<File>) {
    *JOURNAL.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
    if log::set_logger(&JOURNAL).is_ok() {
        log::set_max_level(LevelFilter::Debug);
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
        if let Some(file) = self.file.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            let now = clock_gettime(ClockId::Boottime);
            // A full file system must not stop an installation; the consoles still say it.
            writeln!(file, "{:5}.{:03} {}", now.tv_sec, now.tv_nsec / 1_000_000, record.args()).unwrap_or_default();
        }
        if record.level() <= Level::Info {
            console::print(&format!("autoinstaller: {}\n", record.args()));
        }
    }

    fn flush(&self) {}
}
