//! What lies on the disks: tables and superblocks, read and never written. A disk that cannot be read is described without them.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::decide::{Disk, Disks};
use crate::facts::table::{Partition, Table};
use crate::facts::{superblock, table};

/// Partitions that are looked into; a person recognises a disk by fewer.
const MOST_HINTS: usize = 8;

/// Reads tables and hints of all disks.
pub fn describe(disks: &mut Disks) {
    for disk in disks.iter_mut().filter(|disk| disk.bytes > 0) {
        match File::open(disk.node()) {
            Ok(device) => describe_one(disk, &device),
            Err(error) => {
                log::warn!("opening {}: {error}", disk.node());
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
    let hint = |start: u64, room: u64| {
        let length = usize::try_from(room).unwrap_or(usize::MAX).min(superblock::REACH);
        superblock::hint(&read(start, length)?)
    };
    let starts = |partition: &Partition| {
        let blocks = partition.last.checked_sub(partition.first)?.checked_add(1)?;
        hint(partition.first.checked_mul(disk.sector)?, blocks.checked_mul(disk.sector)?)
    };
    disk.contents = match disk.table.partitions() {
        [] => hint(0, disk.bytes).into_iter().collect(),
        partitions => partitions.iter().take(MOST_HINTS).filter_map(starts).collect(),
    };
}
