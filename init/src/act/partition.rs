//! Writes protective MBR and GPT (UEFI 2.10, chapter 5).
//!
//! Rehearsed first: the table is written to a sparse file in memory of the disk's exact size, read back and compared with the plan, and
//! only then are these very bytes copied to the disk. Partition types follow the Discoverable Partitions Specification.

use std::collections::BTreeMap;
use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;

use gpt::disk::LogicalBlockSize;
use gpt::mbr::ProtectiveMBR;
use gpt::partition::Partition as Entry;
use gpt::{GptConfig, partition_types};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};

use crate::decide::{Disk, Partition, Use};
use crate::error::{Doing, Error, Kind, Result};
use crate::facts::table::{self, Gpt, Table};
use crate::sys::block;

/// Bytes of either end that can hold parts of the table: LBA 0, header and 16 KiB of entries, for sectors up to 4096 bytes.
const TABLE: u64 = 64 << 10;
/// A new random GUID at each read, random(4).
const RANDOM_GUID: &str = "/proc/sys/kernel/random/uuid";

/// A table that was written to memory, read back, and found to be the planned one.
#[derive(Debug)]
pub struct Rehearsal(File);

/// Writes what was rehearsed, makes the kernel read the table, and checks that the kernel sees what was planned.
pub fn write(device: &File, rehearsal: &Rehearsal, disk: &Disk, partitions: &[Partition]) -> Result<()> {
    let doing = || format!("writing the partition table of {}", disk.name);
    for start in [0, disk.bytes - TABLE] {
        let mut bytes = vec![0; TABLE as usize];
        rehearsal.0.read_exact_at(&mut bytes, start).doing(Kind::Disk, doing)?;
        device.write_all_at(&bytes, start).doing(Kind::Disk, doing)?;
    }
    device.sync_all().doing(Kind::Disk, doing)?;
    block::reread_partition_table(device).doing(Kind::Disk, || format!("making the kernel read the partition table of {}", disk.name))?;
    partitions.iter().try_for_each(|partition| seen_by_kernel(disk, partition))
}

/// Writes the table to memory and compares it with the plan. No disk is touched.
pub fn rehearse(disk: &Disk, partitions: &[Partition]) -> Result<Rehearsal> {
    let doing = || format!("rehearsing the partition table of {}", disk.name);
    let sector = match disk.sector {
        512 => LogicalBlockSize::Lb512,
        4096 => LogicalBlockSize::Lb4096,
        other => return Err(Error::new(Kind::Disk, doing(), format!("a logical sector size of {other} bytes is not supported"))),
    };
    let file = File::from(memfd_create("partition-table", MemfdFlags::CLOEXEC).doing(Kind::System, doing)?);
    ftruncate(&file, disk.bytes).doing(Kind::System, doing)?;
    let mut writer = file.try_clone().doing(Kind::System, doing)?;
    let protected = u32::try_from(disk.bytes / disk.sector - 1).unwrap_or(u32::MAX);
    ProtectiveMBR::with_lb_size(protected).overwrite_lba0(&mut writer).doing(Kind::Disk, doing)?;
    let config = GptConfig::new().writable(true).logical_block_size(sector);
    let mut table = config.create_from_device(writer, None).doing(Kind::Disk, doing)?;
    let mut entries = BTreeMap::new();
    for (number, partition) in (1..).zip(partitions) {
        let mut entry = entry(partition, disk.sector);
        entry.part_guid = read_to_string(RANDOM_GUID).doing(Kind::System, doing)?.trim().parse().doing(Kind::System, doing)?;
        entries.insert(number, entry);
    }
    table.update_partitions(entries).doing(Kind::Disk, doing)?;
    table.write().doing(Kind::Disk, doing)?;
    compare(&file, disk, partitions).map_err(|cause| Error::new(Kind::Disk, doing(), cause))?;
    Ok(Rehearsal(file))
}

fn entry(partition: &Partition, sector: u64) -> Entry {
    let mut entry = Entry::zero();
    entry.part_type_guid = match partition.usage {
        Use::Esp => partition_types::EFI,
        Use::Root => partition_types::LINUX_ROOT_X64,
        Use::Luks => partition_types::LINUX_LUKS,
        Use::Swap => partition_types::LINUX_SWAP,
    };
    entry.first_lba = partition.region.start / sector;
    entry.last_lba = partition.region.end() / sector - 1;
    entry.name = partition.label.clone();
    entry
}

/// Read back by the reader of foreign tables, which shares no code with the crate that wrote it.
fn compare(file: &File, disk: &Disk, partitions: &[Partition]) -> std::result::Result<(), String> {
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
    };
    let Table::Gpt(Gpt { partitions: found, whole: true, .. }) = table::read(&read, disk.bytes, disk.sector) else {
        return Err("it reads back damaged".into());
    };
    if found.len() != partitions.len() {
        return Err(format!("it reads back with {} partitions", found.len()));
    }
    for (read, partition) in found.iter().zip(partitions) {
        let planned = entry(partition, disk.sector);
        let kind = read.kind.to_string() == planned.part_type_guid.guid.to_string();
        if !kind || (read.first, read.last, &read.name) != (planned.first_lba, planned.last_lba, &planned.name) {
            return Err(format!("partition {} reads back different from the plan", read.number));
        }
    }
    Ok(())
}

fn seen_by_kernel(disk: &Disk, partition: &Partition) -> Result<()> {
    for (file, planned) in [("start", partition.region.start), ("size", partition.region.bytes)] {
        let path = format!("/sys/block/{}/{}/{file}", disk.name, partition.name);
        let doing = || format!("reading {path}");
        let seen: u64 = read_to_string(&path).doing(Kind::Disk, doing)?.trim().parse().doing(Kind::Disk, doing)?;
        if seen.saturating_mul(512) != planned {
            return Err(Error::new(
                Kind::Disk,
                doing(),
                format!("the kernel sees {seen} sectors of 512 bytes, planned were {planned} bytes"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Geometry, Layout, Wanted};

    fn rehearsed(bytes: u64, sector: u64) -> Result<Rehearsal> {
        let disk = Disk { name: "nvme0n1".into(), bytes, sector, ..Disk::default() };
        let layout =
            Layout::of(Geometry { bytes, sector, optimal: 0 }, Wanted { esp: 1 << 30, swap: Some("2G".parse().unwrap()), content: 0 })
                .unwrap();
        let partitions = [(Use::Esp, layout.esp), (Use::Luks, layout.root), (Use::Swap, layout.swap.unwrap())];
        let named = partitions.map(|(usage, region)| Partition { name: "x".into(), label: format!("UV-{usage:?}"), region, usage });
        rehearse(&disk, &named)
    }

    fn at(Rehearsal(file): &Rehearsal, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, offset).unwrap();
        bytes
    }

    #[test]
    fn both_headers_and_a_protective_mbr_for_either_sector_size() {
        for sector in [512, 4096] {
            let bytes = 16 << 30;
            let table = rehearsed(bytes, sector).unwrap();
            assert_eq!((at(&table, 450, 1), at(&table, 510, 2)), (vec![0xee], vec![0x55, 0xaa]));
            assert_eq!(at(&table, sector, 8), b"EFI PART");
            assert_eq!(at(&table, bytes - sector, 8), b"EFI PART");
        }
    }

    #[test]
    fn every_byte_of_the_table_is_within_what_is_copied() {
        let bytes = 16 << 30;
        let table = rehearsed(bytes, 4096).unwrap();
        assert!(at(&table, TABLE, 1 << 20).iter().all(|byte| *byte == 0));
        assert!(at(&table, bytes - TABLE - (1 << 20), 1 << 20).iter().all(|byte| *byte == 0));
    }

    #[test]
    fn other_sector_sizes_are_refused() {
        let error = rehearsed(16 << 30, 2048).unwrap_err().to_string();
        assert_eq!(error, "rehearsing the partition table of nvme0n1: a logical sector size of 2048 bytes is not supported");
    }
}
