//! Mounts below `/mnt`, always by the chosen disk's own nodes and never by label: another disk may carry the same one.
//!
//! Firmware looks for loaders below `EFI` on the ESP. Whatever the installation puts there lands in a directory of another name on the
//! same file system, which is mounted over it: until that is published no firmware finds anything on this disk.

use std::fs::{File, create_dir_all, read_to_string};

use rustix::fs::fstatvfs;
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};

use super::{extra_mounts, mapping, publish, standing, strides};
use crate::decide::{Volume, human};
use crate::error::{Doing, Kind, Result};
use crate::settings::RootFs;
use crate::sys::{block, swap};

/// Where the target's root is mounted.
pub const ROOT: &str = "/mnt";
/// Where its ESP is mounted.
pub const BOOT: &str = "/mnt/boot";
/// What the installed system takes for the directory that firmware looks into.
pub const EFI: &str = "/mnt/boot/EFI";
/// What it is in truth.
pub const STAGED: &str = "/mnt/boot/EFI.NEW";

/// The target's file systems while they are mounted.
#[derive(Debug)]
pub struct Mounted {
    root: Volume,
    /// Kind of the root file system.
    kind: RootFs,
    esp: Volume,
    swap: Option<Volume>,
    /// Open since before the first file was written: a write error after that is reported to these, once (syncfs(2)).
    witnesses: Vec<File>,
}

impl Mounted {
    /// Mounts root and ESP for writing and uses the swap area at once: a small machine needs it for the installation itself.
    pub fn writable((root, kind): &(Volume, RootFs), esp: &Volume, swap: Option<Volume>) -> Result<Mounted> {
        let mut mounted = Mounted { root: root.clone(), kind: *kind, esp: esp.clone(), swap, witnesses: Vec::new() };
        mounted.mount(MountFlags::NOATIME)?;
        for directory in [ROOT, BOOT] {
            mounted.witnesses.push(File::open(directory).doing(Kind::Disk, || format!("opening {directory}"))?);
        }
        if let Some(swap) = &mounted.swap {
            swap::on(&swap.node()).doing(Kind::Disk, || format!("using swap on {swap}"))?;
        }
        Ok(mounted)
    }

    /// Writes everything back.
    ///
    /// # Errors
    /// Anything that was written since the first mount did not reach the disk, which is said once; or a file system has given up.
    pub fn write_back(&self) -> Result<()> {
        // An ext4 whose journal is aborted says so to fsync(2) alone (fs/ext4/fsync.c; `ext4_sync_fs` returns 0 then).
        let kept = |witness: &File| rustix::fs::syncfs(witness).and_then(|()| rustix::fs::fsync(witness));
        self.witnesses.iter().try_for_each(|witness| kept(witness).doing(Kind::Disk, || "writing everything to the disk".into()))
    }

    /// Writes everything back, unmounts it and mounts it again read-only: what is read then was on the disk.
    ///
    /// # Errors
    /// As for [`Mounted::write_back`]; or the file systems cannot be unmounted or mounted.
    pub fn again_read_only(&mut self) -> Result<()> {
        self.trim();
        self.write_back()?;
        self.witnesses.clear();
        let mountinfo = read_to_string("/proc/self/mountinfo").doing(Kind::System, || "reading /proc/self/mountinfo".into())?;
        let extra = extra_mounts::below_root(&mountinfo);
        self.unmount()?;
        [&self.root, &self.esp].into_iter().try_for_each(flush)?;
        self.mount(MountFlags::RDONLY)?;
        extra.iter().try_for_each(extra_mounts::Extra::again)
    }

    /// Gives back what the installation wrote and deleted again. Not every device takes that, which is no fault of the installation.
    fn trim(&self) {
        for (witness, directory) in self.witnesses.iter().zip([ROOT, BOOT]) {
            let bytes = fstatvfs(witness).map(|file_system| file_system.f_blocks.saturating_mul(file_system.f_frsize));
            match bytes.and_then(|bytes| strides::discard(bytes, |start, length| block::trim(witness, start, length))) {
                Ok(bytes) => log::debug!("trimmed the first {} of {directory}", human(bytes)),
                Err(Errno::OPNOTSUPP | Errno::NOTTY) => log::debug!("{directory} takes no trimming"),
                Err(error) => log::warn!("trimming {directory}: {error}"),
            }
        }
    }

    /// Unmounts everything for good and closes what is encrypted.
    pub fn close(&mut self) -> Result<()> {
        self.unmount()?;
        if let Volume::Mapping(name) = &self.root { mapping::close(name) } else { Ok(()) }
    }

    /// Makes the disk bootable: the very last write to it, once everything else is known to be on it.
    /// Returns the path of the loader for a boot entry.
    pub fn publish(&self) -> Result<String> {
        publish::publish(&self.esp)
    }

    /// Unmounts everything and stops using the swap space.
    fn unmount(&mut self) -> Result<()> {
        if let Some(swap) = self.swap.take() {
            // It holds nothing of the installation, so this says nothing about it either.
            if let Err(error) = no_longer_use(&swap) {
                log::warn!("{error}");
            }
        }
        // The owner's commands may have added some, on a file of the new root.
        swaps_off();
        // The last one first: it may lie on another.
        let mounts = read_to_string("/proc/self/mounts").doing(Kind::System, || "reading /proc/self/mounts".into())?;
        below_root(&mounts)
            .into_iter()
            .rev()
            .try_for_each(|target| unmount(&target, UnmountFlags::empty()).doing(Kind::Disk, || format!("unmounting {target}")))
    }

    fn mount(&self, flags: MountFlags) -> Result<()> {
        let (root, esp) = (self.root.node(), self.esp.node());
        mount(&root, ROOT, self.kind.to_string(), flags, None).doing(Kind::Disk, || format!("mounting {root} at {ROOT}"))?;
        // What the owner's commands mount below it in stage-2 appears here, and in every later program's view.
        mount_change(ROOT, MountPropagationFlags::SHARED).doing(Kind::Disk, || format!("sharing {ROOT}"))?;
        create(&[BOOT], flags)?;
        // The keys and initrds on an ESP are nobody's business but root's.
        mount(&esp, BOOT, "vfat", flags, c"umask=0077").doing(Kind::Disk, || format!("mounting {esp} at {BOOT}"))?;
        create(&[STAGED, EFI], flags)?;
        mount_bind(STAGED, EFI).doing(Kind::Disk, || format!("mounting {STAGED} at {EFI}"))
    }
}

/// Writes back what is left of a volume that is not mounted, so that what is read next was on the disk.
pub fn flush(volume: &Volume) -> Result<()> {
    let doing = || format!("flushing {volume}");
    let device = File::open(volume.node()).doing(Kind::Disk, doing)?;
    rustix::fs::fsync(&device).doing(Kind::Disk, doing)?;
    block::drop_cache(&device).doing(Kind::Disk, doing)
}

/// Lets the target appear in programs of stage-2 that run before it is mounted: what is mounted on a shared mount is mounted on its copies.
///
/// # Errors
/// The kernel does not.
pub fn share() -> Result<()> {
    let mounts = read_to_string("/proc/self/mounts").doing(Kind::System, || "reading /proc/self/mounts".into())?;
    if below_root(&mounts).is_empty() {
        mount_bind(ROOT, ROOT).doing(Kind::System, || format!("binding {ROOT}"))?;
        mount_change(ROOT, MountPropagationFlags::SHARED).doing(Kind::System, || format!("sharing {ROOT}"))?;
    }
    Ok(())
}

/// Where something is mounted at [`ROOT`] or below it, in the order in which it was.
fn below_root(mounts: &str) -> Vec<String> {
    let targets = mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(decoded);
    targets.filter(|target| target.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))).collect()
}

/// A name as it is: blank, tab, line end, `#` and backslash are written as three octal digits behind a backslash (proc_pid_mountinfo(5)).
pub fn decoded(name: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\043", "#"), ("\\134", "\\")];
    escapes.iter().fold(name.to_string(), |name, (escape, text)| name.replace(escape, text))
}

fn create(directories: &[&str], flags: MountFlags) -> Result<()> {
    if flags.contains(MountFlags::RDONLY) {
        return Ok(());
    }
    directories.iter().try_for_each(|directory| create_dir_all(directory).doing(Kind::Disk, || format!("creating {directory}")))
}

fn no_longer_use(swap: &Volume) -> Result<()> {
    swap::off(&swap.node()).doing(Kind::Disk, || format!("leaving swap on {swap}"))?;
    if let Volume::Mapping(name) = swap { mapping::close(name) } else { Ok(()) }
}

/// Lets go of whatever is still mounted of the target, as well as it can: called when the machine ends, after success or failure.
pub fn release() {
    for target in below_root(&read_to_string("/proc/self/mounts").unwrap_or_default()).into_iter().rev() {
        match unmount(&target, UnmountFlags::empty()) {
            Ok(()) => log::debug!("unmounted {target}"),
            // A child may still hold it: detach, so that at least the sync that follows is complete.
            Err(_) => unmount(&target, UnmountFlags::DETACH).unwrap_or_default(),
        }
    }
    standing::leave();
    swaps_off();
    mapping::close_all();
}

fn swaps_off() {
    for swap in swaps() {
        swap::off(&swap).unwrap_or_else(|error| log::debug!("leaving swap on {swap}: {error}"));
    }
}

/// The nodes of all swap space in use: the first word of each line but the heading.
fn swaps() -> Vec<String> {
    let table = read_to_string("/proc/swaps").unwrap_or_default();
    table.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::{below_root, decoded};

    #[test]
    fn the_root_and_what_is_below_it_and_nothing_else() {
        let mounts = "proc /proc proc rw 0 0\n/dev/sda2 /mnt ext4 rw 0 0\n/dev/sda1 /mnt/boot vfat rw 0 0\ntmpfs /mnt/a\\040b tmpfs rw 0 0\n\
                      tmpfs /mnt2 tmpfs rw 0 0\n";
        assert_eq!(below_root(mounts), ["/mnt", "/mnt/boot", "/mnt/a b"]);
        assert_eq!(decoded("/a\\011b\\043\\134x"), "/a\tb#\\x");
    }
}
