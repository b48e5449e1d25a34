//! GUID partition tables: a header with its checksum, and the entries with theirs. UEFI 2.10, section 5.3.

use super::{Gpt, MOST_ENTRY_BYTES, Partition};
use crate::facts::bytes::{Read, array, u32_at, u64_at, utf16};
use crate::facts::crc32;
use crate::facts::guid::Guid;

/// Bytes of a header that are defined.
pub(super) const HEADER: usize = 92;

/// What is found where a header may be.
pub(super) enum Header {
    /// Something else.
    Absent,
    /// The disk cannot be read there.
    Unreadable,
    /// A header that nobody believes.
    Bad,
    /// A header with its entries, and the last block that it says may be used.
    Good(Gpt, u64),
}

impl Header {
    /// As the kernel sees it (block/partitions/efi.c, `is_gpt_valid`): a table for more blocks than the disk has is none. The first member
    /// of a striped array begins with such a table, and so does a copy on a smaller disk.
    pub(super) fn within(self, last: u64) -> Header {
        match self {
            Header::Good(_, usable) if usable > last => Header::Bad,
            header => header,
        }
    }
}

/// Reads the header in this block, and its entries.
pub(super) fn header(read: Read, sector: u64, block: u64) -> Header {
    let Some(at) = block.checked_mul(sector) else { return Header::Absent };
    match read(at, HEADER) {
        None => Header::Unreadable,
        Some(bytes) if bytes.starts_with(b"EFI PART") => good(read, sector, block, &bytes).unwrap_or(Header::Bad),
        _ => Header::Absent,
    }
}

fn good(read: Read, sector: u64, block: u64, header: &[u8]) -> Option<Header> {
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
    Some(Header::Good(Gpt { disk: Guid(array(header, 56)?), partitions, whole: false }, u64_at(header, 48)?))
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
