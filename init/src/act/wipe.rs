//! Removes what tools would later find and believe: signatures at both ends of the disk and of every partition, old and new.
//!
//! 16 MiB at either end reaches every known one: the copies of LUKS2 and btrfs headers at the front, ZFS labels and md 0.90/1.0
//! superblocks at the end. Zeroes are written by the kernel (`BLKZEROOUT`). Before, the whole disk is discarded once, which gives flash its
//! spare room back; nothing relies on it, for a discard promises nothing about what is read afterwards.
//!
//! Before anything else the old loaders go: a machine that loses its power from then on starts no system whose disk is half gone.

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;

use super::strides;
use crate::decide::{Disk, Layout, Region, human};
use crate::error::{Doing, Kind, Result};
use crate::facts::{guid, superblock, table};
use crate::sys::block;

/// How much is zeroed at either end.
const REACH: u64 = 16 << 20;
/// Bytes of code in a master boot record; its table, which follows, is left until later.
const CODE: usize = 440;

/// Makes firmware find no loader, for good. Of each it is one sector, which is written or not.
///
/// The ESPs first: what else is there may hold the kernels that their loaders start. A loader in any other partition is as good to many a
/// firmware, and so is one that only the copy of the table knows once the first is gone; a BIOS starts the code in the first sector.
pub fn loaders(device: &File, disk: &Disk) -> Result<()> {
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        device.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
    };
    let esps = disk.table.partitions().iter().filter(|partition| partition.kind == guid::ESP).map(|esp| esp.first);
    forget(device, disk, esps)?;
    if read(0, CODE).is_some_and(|code| code.iter().any(|byte| *byte != 0)) {
        device.write_all_at(&[0; CODE], 0).doing(Kind::Disk, || format!("zeroing {CODE} bytes of {} at byte 0", disk.name))?;
    }
    let is_fat = |block: &u64| read(block.saturating_mul(disk.sector), 512).is_some_and(|sector| superblock::is_fat(&sector));
    forget(device, disk, table::starts(&read, disk.bytes, disk.sector).into_iter().filter(is_fat))
}

/// Zeroes these blocks, for good.
fn forget(device: &File, disk: &Disk, blocks: impl Iterator<Item = u64>) -> Result<()> {
    let starts = blocks.map(|block| block.saturating_mul(disk.sector));
    // A table can say anything.
    for start in starts.filter(|start| start.saturating_add(disk.sector) <= disk.bytes) {
        let doing = || format!("zeroing {} bytes of {} at byte {start}", disk.sector, disk.name);
        block::zero_out(device, start, disk.sector).doing(Kind::Disk, doing)?;
    }
    device.sync_all().doing(Kind::Disk, || format!("flushing {}", disk.name))
}

/// Lets the device forget everything, if it can. A failure says nothing about the disk: it is worth a line in the log.
pub fn discard(device: &File, disk: &Disk) {
    let limit = read_to_string(format!("/sys/block/{}/queue/discard_max_bytes", disk.name)).unwrap_or_default();
    if matches!(limit.trim(), "" | "0") {
        return log::debug!("{} takes no discards", disk.name);
    }
    match strides::discard(disk.bytes, |start, bytes| block::discard(device, start, bytes)) {
        Ok(done) if done < disk.bytes => {
            log::info!("discarded {} of {} on {}; the rest would take too long", human(done), human(disk.bytes), disk.name);
        }
        Ok(_) => log::debug!("discarded {}", disk.name),
        Err(error) => log::warn!("discarding {}: {error}", disk.name),
    }
}

/// Zeroes both ends of the disk and of its old and new partitions.
pub fn signatures(device: &File, disk: &Disk, layout: &Layout) -> Result<()> {
    let whole = Region { start: 0, bytes: disk.bytes };
    let new = [Some(layout.esp), Some(layout.root), layout.swap].into_iter().flatten();
    let old = disk.partitions.iter().map(|name| partition(disk, name)).collect::<Result<Vec<Region>>>()?;
    for region in [whole].into_iter().chain(new).chain(old) {
        for end in ends(region) {
            let doing = || format!("zeroing {} bytes of {} at byte {}", end.bytes, disk.name, end.start);
            block::zero_out(device, end.start, end.bytes).doing(Kind::Disk, doing)?;
        }
    }
    device.sync_all().doing(Kind::Disk, || format!("flushing {}", disk.name))
}

/// Front and back of a region, or all of it when it is short.
fn ends(region: Region) -> Vec<Region> {
    if region.bytes <= 2 * REACH {
        return vec![region];
    }
    vec![Region { start: region.start, bytes: REACH }, Region { start: region.end() - REACH, bytes: REACH }]
}

/// Where a partition lies; sysfs counts in 512 bytes whatever the sector size is.
fn partition(disk: &Disk, name: &str) -> Result<Region> {
    let number = |file: &str| {
        let path = format!("/sys/block/{}/{name}/{file}", disk.name);
        let doing = || format!("reading {path}");
        read_to_string(&path).doing(Kind::Disk, doing)?.trim().parse::<u64>().doing(Kind::Disk, doing)
    };
    Ok(Region { start: number("start")?.saturating_mul(512), bytes: number("size")?.saturating_mul(512) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_and_never_outside() {
        let region = Region { start: 1 << 20, bytes: 1 << 30 };
        assert_eq!(ends(region), [Region { start: 1 << 20, bytes: REACH }, Region { start: (1 << 20) + (1 << 30) - REACH, bytes: REACH }]);
        let short = Region { start: 512, bytes: REACH };
        assert_eq!(ends(short), [short]);
    }
}
