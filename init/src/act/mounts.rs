//! Mounts below `/mnt`, always by the chosen disk's own nodes and never by label: another disk may carry the same one.

use std::fs::create_dir_all;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::error::{Doing, Kind, Result};
use crate::sys::swap;

/// Where the target's root is mounted.
pub const ROOT: &str = "/mnt";
/// Where its ESP is mounted.
pub const BOOT: &str = "/mnt/boot";

/// The target's file systems while they are mounted.
#[derive(Debug)]
pub struct Mounted {
    root: String,
    esp: String,
    swap: Option<String>,
}

impl Mounted {
    /// Mounts root and ESP for writing and uses the swap area at once: a small machine needs it for the installation itself.
    pub fn writable(root: &str, esp: &str, swap: Option<&str>) -> Result<Mounted> {
        let mounted = Mounted { root: node(root), esp: node(esp), swap: swap.map(node) };
        mounted.mount(MountFlags::NOATIME)?;
        if let Some(node) = &mounted.swap {
            swap::on(node).doing(Kind::Disk, || format!("using swap on {node}"))?;
        }
        Ok(mounted)
    }

    /// Unmounts everything and mounts it again read-only: write errors show now, and what is read was on the disk.
    pub fn again_read_only(&mut self) -> Result<()> {
        self.unmount()?;
        for node in [&self.root, &self.esp] {
            let doing = || format!("flushing {node}");
            let device = std::fs::File::open(node).doing(Kind::Disk, doing)?;
            rustix::fs::fsync(&device).doing(Kind::Disk, doing)?;
            crate::sys::block::drop_cache(&device).doing(Kind::Disk, doing)?;
        }
        self.mount(MountFlags::RDONLY)
    }

    /// Unmounts everything and stops using the swap area.
    pub fn unmount(&mut self) -> Result<()> {
        if let Some(node) = self.swap.take() {
            swap::off(&node).doing(Kind::Disk, || format!("leaving swap on {node}"))?;
        }
        unmount(BOOT, UnmountFlags::empty()).doing(Kind::Disk, || format!("unmounting {BOOT}"))?;
        unmount(ROOT, UnmountFlags::empty()).doing(Kind::Disk, || format!("unmounting {ROOT}"))
    }

    fn mount(&self, flags: MountFlags) -> Result<()> {
        mount(&self.root, ROOT, "ext4", flags, None).doing(Kind::Disk, || format!("mounting {} at {ROOT}", self.root))?;
        create_boot(flags)?;
        // The keys and initrds on an ESP are nobody's business but root's.
        mount(&self.esp, BOOT, "vfat", flags, c"umask=0077").doing(Kind::Disk, || format!("mounting {} at {BOOT}", self.esp))
    }
}

fn create_boot(flags: MountFlags) -> Result<()> {
    if flags.contains(MountFlags::RDONLY) {
        return Ok(());
    }
    create_dir_all(BOOT).doing(Kind::Disk, || format!("creating {BOOT}"))
}

fn node(name: &str) -> String {
    format!("/dev/{name}")
}

/// Lets go of whatever is still mounted of the target, as well as it can: called when the machine ends, after success or failure.
pub fn release() {
    for target in [BOOT, ROOT] {
        while unmount(target, UnmountFlags::empty()).is_ok() {
            log::debug!("unmounted {target}");
        }
        // A child may still hold it: detach, so that at least the sync that follows is complete.
        unmount(target, UnmountFlags::DETACH).unwrap_or_default();
    }
}
