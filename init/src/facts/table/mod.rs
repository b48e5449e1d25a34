//! Partition tables: GPT with both headers and their checksums, MBR. UEFI 2.10, sections 5.2 and 5.3.
//!
//! Own, and not the `gpt` crate that writes our tables: this one reads tables of strangers, and a foreign entry size stops that crate.

use super::bytes::Read;
use super::guid::Guid;

mod gpt;
mod mbr;

use gpt::{Header, header};

/// Most bytes of entries that are read; the usual table has 16 KiB. A larger one counts as damaged.
pub const MOST_ENTRY_BYTES: usize = 64 << 10;

/// What a disk's first and last sectors say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Table {
    /// No partition table at all.
    #[default]
    None,
    /// A master boot record alone, with these partitions.
    Mbr(Vec<Extent>),
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

/// Where a partition lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First logical block.
    pub first: u64,
    /// Number of logical blocks.
    pub blocks: u64,
}

/// The GPT of a disk by any good header, protective MBR or not: to recognise what must not be erased.
pub fn any_gpt(read: Read, bytes: u64, sector: u64) -> Option<Gpt> {
    let last = (bytes / sector.max(1)).saturating_sub(1);
    [1, last].into_iter().find_map(|block| match header(read, sector, block) {
        Header::Good(gpt, _) => Some(gpt),
        _ => None,
    })
}

/// Reads the table of a disk of `bytes` bytes with this logical sector size, as firmware and kernel do: a GPT counts only behind a
/// protective MBR, for the copy at the end of a disk outlives its being partitioned otherwise.
pub fn read(read: Read, bytes: u64, sector: u64) -> Table {
    let Some(mbr) = read(0, 512) else { return if bytes < 512 { Table::None } else { Table::Unreadable } };
    let last = (bytes / sector.max(1)).saturating_sub(1);
    let (primary, backup) = (header(read, sector, 1).within(last), header(read, sector, last).within(last));
    let found = [&primary, &backup].iter().any(|header| matches!(header, Header::Bad | Header::Good(..)));
    let unreadable = [&primary, &backup].iter().any(|header| matches!(header, Header::Unreadable));
    let protective = mbr::is_protective(&mbr);
    match (primary, backup) {
        (Header::Good(a, _), Header::Good(b, _)) if protective => {
            Table::Gpt(Gpt { whole: (a.disk, &a.partitions) == (b.disk, &b.partitions), ..a })
        }
        (Header::Good(gpt, _), _) | (_, Header::Good(gpt, _)) if protective => Table::Gpt(gpt),
        _ if unreadable => Table::Unreadable,
        _ if protective => Table::Damaged,
        _ => match mbr::partitions(read, sector, &mbr) {
            Some(partitions) if !partitions.is_empty() => Table::Mbr(partitions),
            _ if found || mbr::mentions_gpt(&mbr) => Table::Damaged,
            _ => Table::None,
        },
    }
}

/// The blocks at which firmware may find a file system: 0, and the first of every partition in either copy of a GPT and in the MBR. Which of
/// these it believes changes when a part of them is lost.
pub fn starts(read: Read, bytes: u64, sector: u64) -> Vec<u64> {
    let last = (bytes / sector.max(1)).saturating_sub(1);
    let mut starts = vec![0];
    for block in [1, last] {
        if let Header::Good(gpt, _) = header(read, sector, block) {
            starts.extend(gpt.partitions.iter().map(|partition| partition.first));
        }
    }
    let mbr = read(0, 512).unwrap_or_default();
    starts.extend(mbr::any(read, sector, &mbr).iter().map(|extent| extent.first));
    starts.sort_unstable();
    starts.dedup();
    starts.retain(|start| *start <= last);
    starts
}

impl Table {
    /// The entries of a GPT; none for anything else.
    pub fn partitions(&self) -> &[Partition] {
        match self {
            Table::Gpt(gpt) => &gpt.partitions,
            _ => &[],
        }
    }

    /// Where the partitions lie, whichever table it is.
    pub fn extents(&self) -> Vec<Extent> {
        let extent = |p: &Partition| Some(Extent { first: p.first, blocks: p.last.checked_sub(p.first)?.checked_add(1)? });
        match self {
            Table::Gpt(gpt) => gpt.partitions.iter().filter_map(extent).collect(),
            Table::Mbr(partitions) => partitions.clone(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
