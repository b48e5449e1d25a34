//! Mappings of the device mapper: what the kernel must be able to do, and letting go of them. Needs no program, since a mapping has to be
//! closed when the medium with all programs is gone, too.

use std::fs::{File, OpenOptions, read_dir, remove_file};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::drivers::needed;
use crate::error::{Doing, Error, Kind, Result};
use crate::sys::device_mapper;

/// How long a mapping may stay in use after its file system was unmounted: the kernel ends that in the background.
const PATIENCE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(50);

/// Refuses a kernel that has no encrypted mappings, while nothing is lost yet.
///
/// # Errors
/// The device mapper or its module for encryption is missing.
pub fn require_encryption() -> Result<()> {
    let doing = || "looking for the kernel's encryption (dm-crypt)".to_string();
    let control = control().map_err(|error| needed::cause(&["dm_mod"], error)).doing(Kind::System, doing)?;
    let known = device_mapper::require_target(&control, "crypt");
    known.map_err(|error| needed::cause(&["dm_crypt"], error)).doing(Kind::System, doing)
}

/// Closes a mapping.
///
/// # Errors
/// It stays in use, or there is none of this name.
pub fn close(name: &str) -> Result<()> {
    let doing = || format!("closing {name}");
    let control = control().doing(Kind::Disk, doing)?;
    let started = Instant::now();
    loop {
        match device_mapper::remove(&control, name) {
            Ok(()) => break,
            Err(Errno::BUSY) if started.elapsed() < PATIENCE => std::thread::sleep(TICK),
            Err(Errno::BUSY) => return Err(Error::new(Kind::Disk, doing(), "something still uses it")),
            Err(error) => return Err(error).doing(Kind::Disk, doing),
        }
    }
    // cryptsetup made the node, and there is no udev that would remove it.
    remove_file(format!("/dev/mapper/{name}")).unwrap_or_else(|error| log::debug!("removing the node of {name}: {error}"));
    log::debug!("closed {name}");
    Ok(())
}

/// Closes all mappings, and says which of them stay in use.
pub fn close_all() {
    // To ask the device mapper is to load it, if nobody has.
    if open().is_empty() {
        return;
    }
    let Ok(control) = control() else { return };
    let started = Instant::now();
    loop {
        if let Err(error) = device_mapper::remove_all(&control) {
            log::debug!("closing all mappings: {error}");
        }
        let left = open();
        if left.is_empty() {
            return;
        }
        if started.elapsed() > PATIENCE {
            return log::warn!("{} cannot be closed: something still uses it", left.join(", "));
        }
        std::thread::sleep(TICK);
    }
}

/// Kernel names of all mappings.
fn open() -> Vec<String> {
    let Ok(entries) = read_dir("/sys/block") else { return Vec::new() };
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name.starts_with("dm-")).collect()
}

fn control() -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).open(device_mapper::CONTROL)
}
