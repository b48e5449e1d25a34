//! Labels of the file systems of Windows, which are files or directory entries, away from the boot sector. Layouts: linux/fs/ntfs3/ntfs.h and
//! the exFAT file system specification, chapters 3 and 7.

use super::label::wide;
use crate::facts::bytes::{Read, u16_at, u32_at, u64_at};

/// Bytes of a file record that are read; it is of 1 KiB, or of 4 KiB on disks with such sectors.
const RECORD: usize = 4096;
/// Number of the volume's own file.
const VOLUME: u64 = 3;
/// Attribute with the volume's name.
const NAME: u32 = 0x60;
/// Entries of an exFAT root directory that are looked at; formatting writes the label first.
const ENTRIES: usize = 16;

/// The label of an NTFS with this boot sector.
pub fn ntfs(boot: &[u8], read: Read) -> Option<String> {
    let sector = u64::from(u16_at(boot, 11)?);
    // Numbers above 128 are negative powers of two, for both of these sizes.
    let power = |byte: u8| 1u64.checked_shl(u32::from(byte.wrapping_neg()));
    let cluster = match *boot.get(13)? {
        sectors @ 0..=128 => sector.checked_mul(u64::from(sectors))?,
        negative => sector.checked_mul(power(negative)?)?,
    };
    let record = match *boot.get(64)? {
        clusters @ 0..=128 => cluster.checked_mul(u64::from(clusters))?,
        negative => power(negative)?,
    };
    let at = u64_at(boot, 48)?.checked_mul(cluster)?.checked_add(record.checked_mul(VOLUME)?)?;
    volume_name(&read(at, usize::try_from(record).ok().filter(|length| *length <= RECORD)?)?)
}

/// Walks the attributes of a file record. The last two bytes of each of its sectors are elsewhere; a name that lies across them is shown
/// with two wrong letters.
fn volume_name(record: &[u8]) -> Option<String> {
    record.starts_with(b"FILE").then_some(())?;
    let mut at = usize::from(u16_at(record, 20)?);
    loop {
        let (kind, length) = (u32_at(record, at)?, usize::try_from(u32_at(record, at.checked_add(4)?)?).ok()?);
        if kind == NAME {
            let (bytes, start) = (u32_at(record, at.checked_add(16)?)?, usize::from(u16_at(record, at.checked_add(20)?)?));
            return Some(wide(record, at.checked_add(start)?, usize::try_from(bytes / 2).ok()?.min(32)));
        }
        // An attribute shorter than its own header would never end.
        at = at.checked_add(length).filter(|_| length >= 16)?;
    }
}

/// The label of an exFAT with this boot sector.
pub fn exfat(boot: &[u8], read: Read) -> Option<String> {
    let (heap, root) = (u64::from(u32_at(boot, 88)?), u64::from(u32_at(boot, 96)?));
    let (sector, cluster) = (u32::from(*boot.get(108)?), u32::from(*boot.get(109)?));
    // Clusters are counted from 2.
    let clusters = root.checked_sub(2)?.checked_mul(1u64.checked_shl(cluster)?)?;
    let at = heap.checked_add(clusters)?.checked_mul(1u64.checked_shl(sector)?)?;
    let directory = read(at, 32 * ENTRIES)?;
    let label = directory.chunks_exact(32).find(|entry| entry.first() == Some(&0x83))?;
    Some(wide(label, 2, usize::from(*label.get(1)?).min(11)))
}
