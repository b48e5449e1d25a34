//! The kit partition: where a failed installation leaves its log, on the stick itself, where a consent that was used is noted, and
//! where owners put what should not be in an image.

use std::fs::{File, OpenOptions, copy, create_dir_all, remove_file};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::find::Medium;
use super::loops::Loop;
use crate::drivers::needed;
use crate::error::{Doing, Error, Kind, Result};
use crate::pid1::journal;
use crate::sys::block;

const MOUNT_POINT: &str = "/run/kit";
const LOG: &str = "autoinstaller.log";

/// Whoever writes to a damaged file system may write over what could still be saved of it.
static LEFT_ALONE: AtomicBool = AtomicBool::new(false);

/// From now on nothing is written to the kit partition.
pub fn leave_alone() {
    LEFT_ALONE.store(true, Ordering::Relaxed);
}

/// Copies the log to the kit partition; returns where a person finds it.
///
/// # Errors
/// There is no medium, or it cannot be written, as a CD cannot; or there is no room for it.
pub fn save_log() -> Result<String> {
    let doing = || "saving the log to the kit partition".to_string();
    let medium = Medium::found().ok_or_else(|| Error::new(Kind::Medium, doing(), "the medium was never found"))?;
    write(&medium, |kit| {
        let file = kit.join(LOG);
        let saved = copy(journal::PATH, &file).and_then(|_| File::open(&file)?.sync_all());
        if saved.is_err() {
            // Of a log that does not fit the end is missing, which is what matters.
            remove_file(&file).unwrap_or_default();
        }
        saved
    })?;
    Ok(format!("{LOG} on the kit partition of {} (AI-KIT)", medium.node))
}

/// Uses the kit partition for writing, the one exception to the protection of the medium, which is as it was when this returns.
///
/// # Errors
/// The medium is gone or cannot be written, its kit partition could not be read; or `with` fails.
pub fn write(medium: &Medium, with: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
    let doing = || format!("writing to the kit partition of {}", medium.node);
    if !medium.is_unique() {
        return Err(Error::new(Kind::Medium, doing(), "several disks carry this image, and which of them was booted is not known"));
    }
    if LEFT_ALONE.load(Ordering::Relaxed) {
        return Err(Error::new(Kind::Medium, doing(), "it cannot be read, and is left as it is"));
    }
    if !medium.still_there() {
        return Err(Error::new(Kind::Medium, doing(), "the medium is gone"));
    }
    let (start, bytes) = medium.partition("AI-KIT")?;
    let device = OpenOptions::new().read(true).write(true).open(&medium.node).doing(Kind::Medium, doing)?;
    // The name may have changed hands in between.
    if !medium.is(&device) {
        return Err(Error::new(Kind::Medium, doing(), "the medium is gone"));
    }
    let protected = medium.is_protected();
    block::set_read_only(device.as_fd(), false).doing(Kind::Medium, doing)?;
    let written = Loop::writable(&device, start, bytes).and_then(|kit| mounted(&kit, MountFlags::empty(), with));
    let synced = File::sync_all(&device).doing(Kind::Medium, doing);
    block::set_read_only(device.as_fd(), protected).doing(Kind::Medium, doing)?;
    written.and(synced)
}

/// Uses the kit partition for reading.
///
/// # Errors
/// It cannot be read.
pub fn read<T>(medium: &Medium, with: impl FnOnce(&Path) -> std::io::Result<T>) -> Result<T> {
    let (start, bytes) = medium.partition("AI-KIT")?;
    let device = File::open(&medium.node).doing(Kind::Medium, || format!("opening {}", medium.node))?;
    mounted(&Loop::readable(&device, start, bytes)?, MountFlags::RDONLY, with)
}

/// Unmounts it, whoever uses it.
pub fn leave() {
    unmount(MOUNT_POINT, UnmountFlags::DETACH).unwrap_or_default();
}

fn mounted<T>(kit: &Loop, flags: MountFlags, with: impl FnOnce(&Path) -> std::io::Result<T>) -> Result<T> {
    let doing = || "using the kit partition".to_string();
    let safe = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    create_dir_all(MOUNT_POINT).doing(Kind::Medium, doing)?;
    mount(&kit.node, MOUNT_POINT, "vfat", flags | safe, None).map_err(|error| match needed::lacking(needed::VFAT) {
        // Which is no fault of the kit.
        Some(lacking) => Error::new(Kind::System, doing(), lacking),
        None => Error::new(Kind::Medium, doing(), error),
    })?;
    let done = with(Path::new(MOUNT_POINT)).doing(Kind::Medium, doing);
    unmount(MOUNT_POINT, UnmountFlags::empty()).doing(Kind::Medium, doing)?;
    done
}
