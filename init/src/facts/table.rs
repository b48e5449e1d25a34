//! Partition tables: GPT with both headers and their checksums, MBR. UEFI 2.10, sections 5.2 and 5.3.
//!
//! Own, and not the `gpt` crate that writes our tables: this one reads tables of strangers, and a foreign entry size stops that crate.

use super::bytes::{array, u32_at, u64_at, utf16};
use super::crc32;
use super::guid::Guid;

/// Bytes of a header that are defined.
const HEADER: usize = 92;
/// Most bytes of entries that are read; the usual table has 16 KiB. A larger one counts as damaged.
pub const MOST_ENTRY_BYTES: usize = 64 << 10;

/// What a disk's first and last sectors say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Table {
    /// No partition table at all.
    #[default]
    None,
    /// A master boot record alone, with so many partitions.
    Mbr(usize),
    /// A GPT.
    Gpt(Gpt),
    /// There was a GPT, and what is left of it is believed by neither firmware nor kernel.
    Damaged,
    /// The disk cannot be read where a table would be.
    Unreadable,
}

/// A GPT with at least one good header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpt {
    /// GUID of the disk.
    pub disk: Guid,
    /// The used entries, in their order.
    pub partitions: Vec<Partition>,
    /// Whether both headers are good and say the same.
    pub whole: bool,
}

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// Its number, counted from 1.
    pub number: u32,
    /// What it is for.
    pub kind: Guid,
    /// PARTUUID.
    pub id: Guid,
    /// First logical block.
    pub first: u64,
    /// Last logical block.
    pub last: u64,
    /// PARTLABEL.
    pub name: String,
}

/// Reads bytes of a disk: the offset, and how many; `None` when there are not so many.
pub type Read<'a> = &'a dyn Fn(u64, usize) -> Option<Vec<u8>>;

/// The GPT of a disk by any good header, protective MBR or not: to recognise what must not be erased.
pub fn any_gpt(read: Read, bytes: u64, sector: u64) -> Option<Gpt> {
    let last = (bytes / sector.max(1)).saturating_sub(1);
    [1, last].into_iter().find_map(|block| match header(read, sector, block) {
        Header::Good(gpt) => Some(gpt),
        _ => None,
    })
}

/// Reads the table of a disk of `bytes` bytes with this logical sector size, as firmware and kernel do: a GPT counts only behind a
/// protective MBR, for the copy at the end of a disk outlives its being partitioned otherwise.
pub fn read(read: Read, bytes: u64, sector: u64) -> Table {
    let Some(mbr) = read(0, 512) else { return if bytes < 512 { Table::None } else { Table::Unreadable } };
    let signed = mbr.get(510..512) == Some(&[0x55, 0xaa]);
    let records: Vec<u8> = (0..4).filter_map(|n| mbr.get(446 + n * 16 + 4).copied()).filter(|kind| *kind != 0).collect();
    let last = (bytes / sector.max(1)).saturating_sub(1);
    let (primary, backup) = (header(read, sector, 1), header(read, sector, last));
    let found = [&primary, &backup].iter().any(|header| matches!(header, Header::Bad | Header::Good(_)));
    let unreadable = [&primary, &backup].iter().any(|header| matches!(header, Header::Unreadable));
    let protective = signed && records.contains(&0xee);
    match (primary, backup) {
        (Header::Good(a), Header::Good(b)) if protective => {
            Table::Gpt(Gpt { whole: (a.disk, &a.partitions) == (b.disk, &b.partitions), ..a })
        }
        (Header::Good(gpt), _) | (_, Header::Good(gpt)) if protective => Table::Gpt(gpt),
        _ if unreadable => Table::Unreadable,
        _ if protective => Table::Damaged,
        _ if signed && !records.is_empty() => Table::Mbr(records.len()),
        _ if found => Table::Damaged,
        _ => Table::None,
    }
}

impl Table {
    /// The entries of a GPT; none for anything else.
    pub fn partitions(&self) -> &[Partition] {
        match self {
            Table::Gpt(gpt) => &gpt.partitions,
            _ => &[],
        }
    }
}

enum Header {
    Absent,
    Unreadable,
    Bad,
    Good(Gpt),
}

fn header(read: Read, sector: u64, block: u64) -> Header {
    let Some(at) = block.checked_mul(sector) else { return Header::Absent };
    match read(at, HEADER) {
        None => Header::Unreadable,
        Some(bytes) if bytes.starts_with(b"EFI PART") => good(read, sector, block, &bytes).map_or(Header::Bad, Header::Good),
        _ => Header::Absent,
    }
}

fn good(read: Read, sector: u64, block: u64, header: &[u8]) -> Option<Gpt> {
    let size = usize::try_from(u32_at(header, 12)?).ok()?;
    // Longer headers are allowed, but nobody writes them, and the checksum covers only this much then.
    if size != HEADER || u64_at(header, 24)? != block {
        return None;
    }
    let mut zeroed = header.to_vec();
    zeroed.get_mut(16..20)?.fill(0);
    if crc32::of(&zeroed) != u32_at(header, 16)? {
        return None;
    }
    let (count, size) = (usize::try_from(u32_at(header, 80)?).ok()?, usize::try_from(u32_at(header, 84)?).ok()?);
    let length = count.checked_mul(size).filter(|length| size >= 128 && *length <= MOST_ENTRY_BYTES)?;
    let entries = read(u64_at(header, 72)?.checked_mul(sector)?, length)?;
    if crc32::of(&entries) != u32_at(header, 88)? {
        return None;
    }
    let partitions = (1..).zip(entries.chunks_exact(size)).filter_map(|(number, entry)| partition(number, entry)).collect();
    Some(Gpt { disk: Guid(array(header, 56)?), partitions, whole: false })
}

fn partition(number: u32, entry: &[u8]) -> Option<Partition> {
    let kind = Guid(array(entry, 0)?);
    let used = kind != Guid::default();
    used.then_some(())?;
    Some(Partition {
        number,
        kind,
        id: Guid(array(entry, 16)?),
        first: u64_at(entry, 32)?,
        last: u64_at(entry, 40)?,
        name: utf16(entry.get(56..128)?).0,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::facts::guid;

    pub(super) const SECTOR: u64 = 512;

    /// A disk of 1 MiB with one ESP, both headers good.
    pub fn disk() -> Vec<u8> {
        let mut disk = vec![0; 1 << 20];
        let last = disk.len() as u64 / SECTOR - 1;
        disk[510..512].copy_from_slice(&[0x55, 0xaa]);
        disk[450] = 0xee;
        let mut entries = vec![0; 128 * 128];
        entries[..16].copy_from_slice(&guid::ESP.0);
        entries[16..32].copy_from_slice(&[7; 16]);
        entries[32..40].copy_from_slice(&40u64.to_le_bytes());
        entries[40..48].copy_from_slice(&99u64.to_le_bytes());
        entries[56..62].copy_from_slice(b"E\0S\0P\0");
        for (block, table) in [(1, 2), (last, last - 32)] {
            let mut header = vec![0; HEADER];
            header[..8].copy_from_slice(b"EFI PART");
            header[12..16].copy_from_slice(&92u32.to_le_bytes());
            header[24..32].copy_from_slice(&u64::to_le_bytes(block));
            header[56..72].copy_from_slice(&[9; 16]);
            header[72..80].copy_from_slice(&u64::to_le_bytes(table));
            header[80..84].copy_from_slice(&128u32.to_le_bytes());
            header[84..88].copy_from_slice(&128u32.to_le_bytes());
            header[88..92].copy_from_slice(&crc32::of(&entries).to_le_bytes());
            let sum = crc32::of(&header);
            header[16..20].copy_from_slice(&sum.to_le_bytes());
            let (block, table) = ((block * SECTOR) as usize, (table * SECTOR) as usize);
            disk[block..block + HEADER].copy_from_slice(&header);
            disk[table..table + entries.len()].copy_from_slice(&entries);
        }
        disk
    }

    pub fn table(disk: &[u8]) -> Table {
        let bytes = |at: u64, length: usize| disk.get(at as usize..(at as usize).checked_add(length)?).map(<[u8]>::to_vec);
        read(&bytes, disk.len() as u64, SECTOR)
    }

    #[test]
    fn a_whole_table() {
        let Table::Gpt(gpt) = table(&disk()) else { panic!("no GPT") };
        assert!(gpt.whole && gpt.disk == Guid([9; 16]) && gpt.partitions.len() == 1);
        let esp = &gpt.partitions[0];
        assert_eq!((esp.number, esp.kind, esp.id, esp.first, esp.last, esp.name.as_str()), (1, guid::ESP, Guid([7; 16]), 40, 99, "ESP"));
    }

    #[test]
    fn one_good_header_is_enough_and_none_is_damage() {
        let mut damaged = disk();
        damaged[SECTOR as usize + 60] ^= 1;
        let Table::Gpt(gpt) = table(&damaged) else { panic!("the backup is good") };
        assert!(!gpt.whole);
        let end = damaged.len() - SECTOR as usize;
        damaged[end + 60] ^= 1;
        assert_eq!(table(&damaged), Table::Damaged);
    }

    #[test]
    fn entries_with_a_wrong_checksum_are_not_believed() {
        let mut damaged = disk();
        damaged[2 * SECTOR as usize + 40] ^= 1;
        let Table::Gpt(gpt) = table(&damaged) else { panic!("the backup is good") };
        assert!(!gpt.whole && gpt.partitions[0].last == 99);
    }

    #[test]
    fn a_gpt_without_its_protective_mbr_is_no_table_any_more() {
        let mut old = disk();
        old[450] = 0x83;
        old[SECTOR as usize..SECTOR as usize + 512].fill(0);
        assert_eq!(table(&old), Table::Mbr(1));
        old[..20_000].fill(0);
        assert_eq!(table(&old), Table::Damaged);
        let bytes = |at: u64, length: usize| old.get(at as usize..at as usize + length).map(<[u8]>::to_vec);
        assert_eq!(any_gpt(&bytes, old.len() as u64, SECTOR).unwrap().disk, Guid([9; 16]));
    }

    #[test]
    fn what_cannot_be_read_is_not_nothing() {
        let disk = disk();
        let end = disk.len() as u64;
        for broken in [0, SECTOR, end - SECTOR] {
            let bytes = |at: u64, length: usize| (at != broken).then(|| disk[at as usize..at as usize + length].to_vec());
            let found = read(&bytes, end, SECTOR);
            assert!(if broken == 0 { found == Table::Unreadable } else { matches!(found, Table::Gpt(Gpt { whole: false, .. })) });
        }
        let only_mbr = |at: u64, length: usize| (at == 0).then(|| disk[..length].to_vec());
        assert_eq!(read(&only_mbr, end, SECTOR), Table::Unreadable);
    }

    #[test]
    fn mbr_and_nothing() {
        let mut mbr = vec![0; 1 << 16];
        assert_eq!(table(&mbr), Table::None);
        mbr[510..512].copy_from_slice(&[0x55, 0xaa]);
        assert_eq!(table(&mbr), Table::None);
        mbr[450] = 0x83;
        mbr[466] = 0x07;
        assert_eq!(table(&mbr), Table::Mbr(2));
        mbr[466] = 0xee;
        assert_eq!(table(&mbr), Table::Damaged);
        assert_eq!(table(&[]), Table::None);
    }
}
