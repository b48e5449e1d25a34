//! Where firmware may look for a file system: wherever any table says that a partition begins, and at the start of the disk.
//!
//! Either copy of a GPT counts, whatever its checksum is, whether the other is good or not (UEFI 2.10, section 5.3: firmware falls back to
//! the copy, and may restore it), and so does every record of the MBR. A reading of our own, which believes more than any firmware.

use std::collections::BTreeSet;

use anyhow::Result;

use super::firmware::Read;

/// Bytes of an entry of a GPT, and how many are looked at.
const ENTRY: usize = 128;
const ENTRIES: usize = 128;

/// The first bytes of all partitions of a disk of this size.
pub fn of_disk(read: &Read, size: u64, sector: u64) -> Result<BTreeSet<u64>> {
    let mut blocks = BTreeSet::from([0]);
    let mut mbr = [0; 512];
    read(0, &mut mbr)?;
    if mbr[510..] == [0x55, 0xaa] {
        blocks.extend(mbr[446..510].chunks_exact(16).map(|record| u64::from(number(record, 8) as u32)));
    }
    for header in [1, size / sector - 1] {
        let mut bytes = [0; 512];
        read(header * sector, &mut bytes)?;
        let entries = number(&bytes, 72).saturating_mul(sector);
        if !bytes.starts_with(b"EFI PART") || entries > size - (ENTRY * ENTRIES) as u64 {
            continue;
        }
        let mut table = vec![0; ENTRY * ENTRIES];
        read(entries, &mut table)?;
        blocks.extend(table.chunks_exact(ENTRY).filter(|entry| entry[..16] != [0; 16]).map(|entry| number(entry, 32)));
    }
    Ok(blocks.into_iter().map(|block| block.saturating_mul(sector)).filter(|start| *start < size).collect())
}

fn number(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 1 << 20;

    fn found(disk: &[u8], sector: u64) -> Vec<u64> {
        let read = |at: u64, buffer: &mut [u8]| {
            buffer.copy_from_slice(&disk[at as usize..][..buffer.len()]);
            Ok(())
        };
        of_disk(&read, SIZE as u64, sector).unwrap().into_iter().collect()
    }

    /// A header that leads to entries, and one of these.
    fn table(disk: &mut [u8], sector: usize, header: usize, entries: usize, first: u8) {
        disk[header * sector..][..8].copy_from_slice(b"EFI PART");
        disk[header * sector + 72..][..2].copy_from_slice(&(entries as u16).to_le_bytes());
        disk[entries * sector] = 1;
        disk[entries * sector + 32] = first;
    }

    #[test]
    fn every_table_is_believed_for_either_size_of_sectors() {
        assert_eq!(found(&vec![0; SIZE], 512), [0]);
        for sector in [512, 4096] {
            let mut disk = vec![0; SIZE];
            let last = SIZE / sector - 1;
            table(&mut disk, sector, 1, 2, 40);
            table(&mut disk, sector, last, last - 32, 50);
            // A record that is far behind the end, and one that is not.
            disk[446 + 8..446 + 12].fill(0xff);
            disk[462 + 8] = 60;
            disk[510..512].copy_from_slice(&[0x55, 0xaa]);
            assert_eq!(found(&disk, sector as u64), [0, 40, 50, 60].map(|block| block * sector as u64));
            // The copy at the end alone.
            disk[..sector * 2].fill(0);
            assert_eq!(found(&disk, sector as u64), [0, 50 * sector as u64]);
        }
    }
}
