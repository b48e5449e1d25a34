//! What the disks that were listed are: which of them is the medium we booted from, and what lies on the others.

use super::{Roots, boot_entries, contents};
use crate::decide::Disks;
use crate::error::Result;
use crate::medium::{Manifest, Medium};

/// Finds the medium among the disks, and reads tables and hints of all of them.
///
/// # Errors
/// No disk carries the image of this manifest.
pub fn recognise(roots: Roots, manifest: &Manifest, disks: &mut Disks) -> Result<Medium> {
    let medium = Medium::find(roots, manifest, disks)?;
    contents::describe(roots, disks);
    mark_booted(roots, disks);
    Ok(medium)
}

/// The disk whose partition the boot loader came from is the medium as well, whatever else is on it.
fn mark_booted(roots: Roots, disks: &mut Disks) {
    let Some(partition) = boot_entries::booted_from(roots) else { return };
    for disk in disks.iter_mut() {
        disk.ours |= disk.table.partitions().iter().any(|p| p.id.to_string() == partition);
    }
}
