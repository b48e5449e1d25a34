//! The last write of an installation: the directory that firmware looks into gets its name.
//!
//! One entry in the root directory of the ESP: before it is on the disk firmware finds nothing there, after it the system that was read
//! back. Old and new entry lie in one sector, since they are the first in a new file system; were they not, a cut in between could lose
//! the directory, and firmware would find nothing. Invariant: nothing that the system needs is written at the same time or later.

use std::fs::{File, create_dir_all, remove_dir, rename};
use std::path::Path;

use rustix::fs::{fsync, syncfs};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::mounts::{BOOT, EFI, ROOT, STAGED, flush};
use super::read_back;
use crate::decide::Volume;
use crate::error::{Doing, Kind, Result};

/// The loader that a boot entry starts, if the installed system has it.
const LOADER: &str = "EFI/systemd/systemd-bootx64.efi";

/// Renames the staged directory, flushes, and reads the loader at its new place. Returns the path for a boot entry, below the root of the ESP
/// and with the firmware's backslashes.
///
/// # Errors
/// Whether the disk boots is not known then.
pub fn publish(esp: &Volume) -> Result<String> {
    let doing = || format!("making {esp} bootable");
    // The root is unmounted by now, and stays so.
    create_dir_all(BOOT).doing(Kind::Disk, doing)?;
    mounted(esp, MountFlags::NOATIME, || {
        let directory = File::open(BOOT).doing(Kind::Disk, doing)?;
        // The first writes everything to the device, and the second makes that keep it.
        let safe = || syncfs(&directory).and_then(|()| fsync(&directory)).map_err(Into::into);
        let on_disk = |done: std::io::Result<()>| done.and_then(|()| safe()).doing(Kind::Disk, doing);
        // First the empty directory over which it was mounted, for good: otherwise the table of clusters would change with the rename.
        on_disk(remove_dir(EFI))?;
        on_disk(rename(STAGED, EFI))
    })?;
    flush(esp)?;
    mounted(esp, MountFlags::RDONLY, || {
        read_back::loader(&Path::new(ROOT).join(read_back::REMOVABLE_PATH))?;
        let own = Path::new(BOOT).join(LOADER).exists();
        let path = if own { LOADER } else { read_back::REMOVABLE_PATH.trim_start_matches("boot/") };
        Ok(format!("\\{}", path.replace('/', "\\")))
    })
}

fn mounted<T>(esp: &Volume, flags: MountFlags, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let node = esp.node();
    mount(&node, BOOT, "vfat", flags, None).doing(Kind::Disk, || format!("mounting {node} at {BOOT}"))?;
    let worked = work();
    unmount(BOOT, UnmountFlags::empty()).doing(Kind::Disk, || format!("unmounting {BOOT}")).and(worked)
}
