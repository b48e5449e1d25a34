//! What lies on the disks: tables and superblocks, read and never written. A disk that cannot be read is described without them.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::Roots;
use crate::decide::{Disk, Disks};
use crate::facts::table::{Extent, Table};
use crate::facts::{superblock, table};

/// Partitions that are looked into, for what a person recognises a disk by and for labels that must be unique: as many as a usual GPT has.
const MOST_PARTITIONS: usize = 128;

/// Reads tables and hints of all disks.
pub fn describe(roots: Roots, disks: &mut Disks) {
    disks.iter().for_each(|disk| log::debug!("{}", disk.particulars()));
    for disk in disks.iter_mut().filter(|disk| disk.bytes > 0 && disk.untold.is_none()) {
        let node = roots.node(&disk.name);
        match File::open(&node) {
            Ok(device) => describe_one(disk, &device),
            Err(error) => {
                log::warn!("opening {node}: {error}");
                disk.table = Table::Unreadable;
            }
        }
    }
}

fn describe_one(disk: &mut Disk, device: &File) {
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        device.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
    };
    disk.table = table::read(&read, disk.bytes, disk.sector);
    let hints = |extent: &Extent| {
        let (start, bytes) = (extent.first.checked_mul(disk.sector)?, extent.blocks.checked_mul(disk.sector)?);
        Some(superblock::hints(&|at, length| read(start.checked_add(at)?, length), bytes))
    };
    if disk.table == Table::Unreadable {
        // A failing disk takes its time with every question.
        return;
    }
    disk.contents = match disk.table.extents().as_slice() {
        [] => superblock::hints(&read, disk.bytes),
        extents => {
            let within = extents.iter().take(MOST_PARTITIONS).filter_map(hints).flatten();
            superblock::at_end(&read, disk.bytes).into_iter().chain(within).collect()
        }
    };
}
