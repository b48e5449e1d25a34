//! Master boot records. UEFI 2.10, section 5.2; what counts as one is the kernel's opinion, block/partitions/msdos.c: the boot sector of a
//! FAT or NTFS without partitions has the same signature, and code where the records would be.

use super::Extent;
use crate::facts::bytes::{Read, u32_at};

/// The records begin here, 16 bytes each.
const RECORDS: usize = 446;
/// Type of the record that protects a GPT.
const PROTECTIVE: u8 = 0xee;
/// Types of records that lead to logical partitions.
const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];
/// Most links of the chain of logical partitions; it may be a circle.
const MOST_LINKS: usize = 100;

struct Record {
    flag: u8,
    kind: u8,
    first: u64,
    blocks: u64,
}

/// The four records of a sector; none when it is not signed.
fn records(sector: &[u8]) -> Vec<Record> {
    let record = |n: usize| {
        let at = RECORDS + 16 * n;
        let number = |at| u32_at(sector, at).map(u64::from);
        Some(Record { flag: *sector.get(at)?, kind: *sector.get(at + 4)?, first: number(at + 8)?, blocks: number(at + 12)? })
    };
    let signed = sector.get(510..512) == Some(&[0x55, 0xaa]);
    (0..4).filter(|_| signed).filter_map(record).collect()
}

/// Whether firmware and kernel look for a GPT behind it.
pub(super) fn is_protective(mbr: &[u8]) -> bool {
    records(mbr).iter().any(|record| (record.kind, record.first) == (PROTECTIVE, 1))
}

/// Whether a record claims that there is a GPT.
pub(super) fn mentions_gpt(mbr: &[u8]) -> bool {
    let records = records(mbr);
    are_records(&records) && records.iter().any(|record| record.kind == PROTECTIVE)
}

/// Boot flags are 0 or 0x80; anything else is code.
fn are_records(records: &[Record]) -> bool {
    records.iter().all(|record| matches!(record.flag, 0 | 0x80))
}

/// The primary and logical partitions; `None` for what is no master boot record, or one that speaks of a GPT.
pub(super) fn partitions(read: Read, sector: u64, mbr: &[u8]) -> Option<Vec<Extent>> {
    (are_records(&records(mbr)) && !mentions_gpt(mbr)).then(|| any(read, sector, mbr))
}

/// The partitions that the records lead to, whatever else they say.
pub(super) fn any(read: Read, sector: u64, mbr: &[u8]) -> Vec<Extent> {
    let mut partitions = Vec::new();
    for record in records(mbr).iter().filter(|record| record.blocks > 0 && record.kind != PROTECTIVE) {
        match EXTENDED.contains(&record.kind) {
            true => logical(read, sector, record.first, &mut partitions),
            false => partitions.push(Extent { first: record.first, blocks: record.blocks }),
        }
    }
    partitions
}

/// Follows the chain of logical partitions. Data counts from the link it is in, the next link from the first one.
fn logical(read: Read, sector: u64, start: u64, partitions: &mut Vec<Extent>) {
    let mut next = Some(start);
    for _ in 0..MOST_LINKS {
        let Some(at) = next else { return };
        let link = at.checked_mul(sector).and_then(|byte| read(byte, 512)).unwrap_or_default();
        next = None;
        for record in records(&link).iter().filter(|record| record.blocks > 0) {
            if EXTENDED.contains(&record.kind) {
                next = next.or(start.checked_add(record.first));
            } else if let Some(first) = at.checked_add(record.first) {
                partitions.push(Extent { first, blocks: record.blocks });
            }
        }
    }
}
