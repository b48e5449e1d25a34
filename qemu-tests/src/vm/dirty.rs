//! Disks that are not empty: remains of earlier systems, and partition tables that no longer agree with themselves.
//!
//! Invariant: what a row says is there was seen there by util-linux, gdisk and the oracle before the machine starts; a row about remains
//! that nobody would have recognised proves nothing.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

pub use super::remains::Old;

use super::oracle::{signatures, table};
use super::sparse;
use crate::command::{self, tool};

const MIB: u64 = 1024 * 1024;
/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// A disk with a past.
#[derive(Debug)]
pub struct Dirty {
    /// Its partition table.
    pub table: Table,
    /// What is in its regions.
    pub regions: &'static [Region],
}

/// A piece of the disk, and what was in it.
#[derive(Debug, Clone, Copy)]
pub struct Region {
    /// In MiB from the start of the disk.
    pub from: u64,
    /// In MiB; where it ends.
    pub to: u64,
    /// Remains, which must not overlap.
    pub holds: &'static [Old],
}

/// The partition table, in which every region is a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// There is none: the regions are those of a table that is gone.
    None,
    /// A GPT whose first copy is broken.
    BrokenFirst,
    /// A GPT whose copy at the end is broken.
    BrokenBackup,
    /// A GPT of which both copies are broken.
    BrokenBoth,
    /// A GPT whose MBR shows the first two partitions as its own.
    Hybrid,
    /// A GPT all of whose partitions have the same GUID.
    Twins,
}

/// Lays table and remains out on the file of a disk with 512-byte sectors, and makes sure that they are seen.
pub fn lay(disk: &Path, dirty: &Dirty) -> Result<()> {
    if dirty.table != Table::None {
        make_table(disk, dirty)?;
    }
    let file = OpenOptions::new().read(true).write(true).open(disk).context("opening it")?;
    let end = file.metadata().context("measuring it")?.len();
    for region in dirty.regions {
        for old in region.holds {
            for (at, bytes) in old.pieces((region.to - region.from) * MIB) {
                file.write_all_at(&bytes, region.from * MIB + at).with_context(|| format!("leaving {old:?}"))?;
            }
        }
    }
    let broken: &[u64] = match dirty.table {
        Table::BrokenFirst => &[512],
        Table::BrokenBackup => &[end - 512],
        Table::BrokenBoth => &[512, end - 512],
        Table::None | Table::Hybrid | Table::Twins => &[],
    };
    for header in broken {
        // The checksum of the header (UEFI 2.10, table 5-5).
        file.write_all_at(b"XXXX", header + 16).context("breaking the table")?;
    }
    check(disk, dirty)
}

fn make_table(disk: &Path, dirty: &Dirty) -> Result<()> {
    let mut command = tool("sgdisk");
    for (number, region) in (1..).zip(dirty.regions) {
        command.arg(format!("--new={number}:{}M:{}", region.from, region.to * 2048 - 1)).arg(format!("--typecode={number}:8300"));
        if dirty.table == Table::Twins {
            command.arg(format!("--partition-guid={number}:5eed5eed-5eed-4eed-8eed-5eed5eed5eed"));
        }
    }
    if dirty.table == Table::Hybrid {
        command.arg("--hybrid=1:2");
    }
    command::run("making a partition table", command.arg(disk))
}

/// Fails if a sector of the remains is still what it was. New tables, containers and file systems may stand in their places.
pub fn gone(disk: &Path, dirty: &Dirty) -> Result<()> {
    let file = File::open(disk).with_context(|| format!("opening {}", disk.display()))?;
    let mut found = [0; SECTOR];
    for region in dirty.regions {
        for old in region.holds {
            for (at, bytes) in old.pieces((region.to - region.from) * MIB) {
                for (number, sector) in (0..).zip(bytes.chunks(SECTOR)).filter(|(_, sector)| sector.iter().any(|byte| *byte != 0)) {
                    let at = region.from * MIB + at + number * SECTOR as u64;
                    file.read_exact_at(&mut found, at).with_context(|| format!("reading byte {at} of {}", disk.display()))?;
                    ensure!(found != sector, "looking for what is left of {old:?}: it stands at byte {at}");
                }
            }
        }
    }
    Ok(())
}

/// Fails unless every kind of remains is recognised where it lies, and the oracle refuses the table for what is wrong with it.
fn check(disk: &Path, dirty: &Dirty) -> Result<()> {
    let copy = disk.with_extension("region");
    for region in dirty.regions {
        sparse::carve(disk, region.from * MIB..region.to * MIB, &copy)?;
        let seen = signatures::all(&copy)?;
        for old in region.holds {
            let place = old.stands_at((region.to - region.from) * MIB);
            let is_it = |(kind, at): &(String, u64)| kind == old.name() && place.is_none_or(|place| *at == place);
            ensure!(seen.iter().any(is_it), "looking for {old:?} at {} MiB: only {seen:x?} are seen", region.from);
        }
    }
    std::fs::remove_file(&copy).with_context(|| format!("removing {}", copy.display()))?;
    // A hybrid MBR by itself: no tool minds it, and the table beside it is sound.
    let refused = if dirty.table == Table::Hybrid { table::check_protection(disk).is_err() } else { table::read(disk, 512).is_err() };
    ensure!(refused, "looking at {:?}: nobody complains", dirty.table);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    #[ignore = "needs util-linux and gdisk"]
    fn all_remains_are_recognised_alone_and_all_tables_are_wrong() {
        let dir = scratch("dirty");
        let disk = dir.join("disk");
        let kinds: &[&[Old]] = &[
            &[Old::Lvm],
            &[Old::Md090],
            &[Old::Md10],
            &[Old::Md11],
            &[Old::Md12],
            &[Old::Luks1],
            &[Old::Luks2],
            &[Old::Zfs],
            &[Old::Btrfs(1)],
            &[Old::Bcache],
            &[Old::Swap],
        ];
        for holds in kinds {
            // libblkid sees no ZFS in less than 64 MiB.
            File::create(&disk).unwrap().set_len(80 * MIB).unwrap();
            let region: &'static [Region] = Box::leak(Box::new([Region { from: 1, to: 79, holds }]));
            let dirty = Dirty { table: Table::None, regions: region };
            lay(&disk, &dirty).unwrap();
            let left = gone(&disk, &dirty).unwrap_err().to_string();
            assert!(left.starts_with(&format!("looking for what is left of {:?}: it stands at byte ", holds[0])), "{left}");
            File::create(&disk).unwrap().set_len(80 * MIB).unwrap();
            gone(&disk, &dirty).unwrap();
        }
        for table in [Table::BrokenFirst, Table::BrokenBackup, Table::BrokenBoth, Table::Hybrid, Table::Twins] {
            File::create(&disk).unwrap().set_len(64 * MIB).unwrap();
            const REGIONS: &[Region] = &[Region { from: 1, to: 9, holds: &[] }, Region { from: 9, to: 63, holds: &[] }];
            lay(&disk, &Dirty { table, regions: REGIONS }).unwrap();
        }
    }
}
