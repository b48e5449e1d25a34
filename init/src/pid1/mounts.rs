//! The kernel's own file systems, as every program expects them.

use std::fs::create_dir_all;
use std::path::Path;

use rustix::mount::{MountFlags, mount};

use crate::error::{Doing, Error, Kind, Result};

/// Mounts /proc, /sys, /dev and /run.
///
/// Returns what did not work: without a console there is nobody to tell yet.
pub fn kernel_file_systems() -> Vec<Error> {
    // There already for a program that has taken over; what lies in them must stay.
    if Path::new("/proc/self").exists() {
        return Vec::new();
    }
    const SAFE: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);
    let wanted = [
        ("proc", "/proc", SAFE),
        ("sysfs", "/sys", SAFE),
        ("devtmpfs", "/dev", MountFlags::NOSUID),
        ("devpts", "/dev/pts", MountFlags::NOSUID.union(MountFlags::NOEXEC)),
        ("tmpfs", "/dev/shm", MountFlags::NOSUID.union(MountFlags::NODEV)),
        ("tmpfs", "/run", MountFlags::NOSUID.union(MountFlags::NODEV)),
    ];
    wanted.into_iter().filter_map(|(kind, target, flags)| kernel_file_system(kind, target, flags).err()).collect()
}

/// Mounts the EFI variables; its module has to be loaded first. A machine booted by BIOS has none, which is no error.
pub fn efi_variables() -> Result<()> {
    const DIRECTORY: &str = "/sys/firmware/efi/efivars";
    if !Path::new(DIRECTORY).exists() {
        return Ok(());
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    match mount("efivarfs", DIRECTORY, "efivarfs", flags, None) {
        Err(rustix::io::Errno::BUSY) => Ok(()),
        other => other.doing(Kind::System, || format!("mounting efivarfs at {DIRECTORY}")),
    }
}

fn kernel_file_system(kind: &str, target: &str, flags: MountFlags) -> Result<()> {
    // /dev, /proc and /sys are in the initrd, /dev/pts is in no file system yet.
    create_dir_all(target).doing(Kind::System, || format!("creating {target}"))?;
    match mount(kind, target, kind, flags, None) {
        // The kernel may have mounted devtmpfs itself (CONFIG_DEVTMPFS_MOUNT).
        Err(rustix::io::Errno::BUSY) => Ok(()),
        other => other.doing(Kind::System, || format!("mounting {kind} at {target}")),
    }
}
