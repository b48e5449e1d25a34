//! Mounts below `/mnt`, always by the chosen disk's own nodes and never by label: another disk may carry the same one.

use std::fs::{File, create_dir_all};

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
    /// Open since before the first file was written: a write error after that is reported to these, once (syncfs(2)).
    witnesses: Vec<File>,
}

impl Mounted {
    /// Mounts root and ESP for writing and uses the swap area at once: a small machine needs it for the installation itself.
    pub fn writable(root: &str, esp: &str, swap: Option<&str>) -> Result<Mounted> {
        let mut mounted = Mounted { root: node(root), esp: node(esp), swap: swap.map(node), witnesses: Vec::new() };
        mounted.mount(MountFlags::NOATIME)?;
        for directory in [ROOT, BOOT] {
            mounted.witnesses.push(File::open(directory).doing(Kind::Disk, || format!("opening {directory}"))?);
        }
        if let Some(node) = &mounted.swap {
            swap::on(node).doing(Kind::Disk, || format!("using swap on {node}"))?;
        }
        Ok(mounted)
    }

    /// Writes everything back, unmounts it and mounts it again read-only: what is read then was on the disk.
    ///
    /// # Errors
    /// Anything that was written since the first mount did not reach the disk; or the file systems cannot be unmounted or mounted.
    pub fn again_read_only(&mut self) -> Result<()> {
        for witness in std::mem::take(&mut self.witnesses) {
            rustix::fs::syncfs(&witness).doing(Kind::Disk, || "writing everything to the disk".into())?;
        }
        self.unmount()?;
        for node in [&self.root, &self.esp] {
            let doing = || format!("flushing {node}");
            let device = File::open(node).doing(Kind::Disk, doing)?;
            rustix::fs::fsync(&device).doing(Kind::Disk, doing)?;
            crate::sys::block::drop_cache(&device).doing(Kind::Disk, doing)?;
        }
        self.mount(MountFlags::RDONLY)
    }

    /// Unmounts everything and stops using the swap area.
    pub fn unmount(&mut self) -> Result<()> {
        if let Some(node) = self.swap.take() {
            // It holds nothing of the installation, so this says nothing about it either.
            if let Err(error) = swap::off(&node) {
                log::warn!("leaving swap on {node}: {error}");
            }
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
