//! The kit partition: where a failed installation leaves its log, on the stick itself.

use std::fs::{File, OpenOptions, copy, create_dir_all};
use std::os::fd::AsFd;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::find::Medium;
use super::loops::Loop;
use crate::error::{Doing, Error, Kind, Result};
use crate::pid1::journal;
use crate::sys::block;

const MOUNT_POINT: &str = "/run/kit";
const FILE: &str = "autoinstaller.log";

/// Copies the log to the kit partition; returns where a person finds it.
///
/// # Errors
/// There is no medium, or it cannot be written, as a CD cannot.
pub fn save_log() -> Result<String> {
    let doing = || "saving the log to the kit partition".to_string();
    let medium = Medium::found().ok_or_else(|| Error::new(Kind::Medium, doing(), "the medium was never found"))?;
    let (start, bytes) = medium.partition("AI-KIT")?;
    if !medium.still_there() {
        return Err(Error::new(Kind::Medium, doing(), "the medium is gone"));
    }
    let device = OpenOptions::new().read(true).write(true).open(&medium.node).doing(Kind::Medium, doing)?;
    // It may have been write-protected with all disks but the target; the kit is the one exception.
    block::set_read_only(device.as_fd(), false).doing(Kind::Medium, doing)?;
    let saved = Loop::writable(&device, start, bytes).and_then(|kit| write_to(&kit.node));
    let synced = File::sync_all(&device).doing(Kind::Medium, doing);
    block::set_read_only(device.as_fd(), true).doing(Kind::Medium, doing)?;
    saved.and(synced)?;
    Ok(format!("{FILE} on the kit partition of {} (AI-KIT)", medium.node))
}

fn write_to(node: &str) -> Result<()> {
    let doing = || format!("saving the log to the kit partition on {node}");
    create_dir_all(MOUNT_POINT).doing(Kind::Medium, doing)?;
    mount(node, MOUNT_POINT, "vfat", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None).doing(Kind::Medium, doing)?;
    let file = format!("{MOUNT_POINT}/{FILE}");
    let copied = copy(journal::PATH, &file).and_then(|_| File::open(&file)?.sync_all()).doing(Kind::Medium, doing);
    unmount(MOUNT_POINT, UnmountFlags::empty()).doing(Kind::Medium, doing)?;
    copied
}
