//! Disk files with holes: their digest, and pieces of them, at the cost of their data instead of their size.
//!
//! A hole and written zeros are the same bytes, so they give the same digest (lseek(2), SEEK_DATA).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use memchr::memmem;
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::cache::hex;

/// Unit in which zeros are told from data.
const BLOCK: u64 = 64 * 1024;
static ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];

/// SHA-256 over length, and offset and content of every block that is not zero. Bytes in `skip` count as zeros.
pub fn digest(path: &Path, skip: Option<Range<u64>>) -> Result<String> {
    hash(path, skip.unwrap_or(0..0)).with_context(|| format!("hashing {}", path.display()))
}

fn hash(path: &Path, skip: Range<u64>) -> Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut hash = Sha256::new();
    hash.update(length.to_le_bytes());
    each_block(&mut file, 0..length, |offset, block| {
        let within = |at: u64| at.clamp(offset, offset + block.len() as u64) - offset;
        let blank = within(skip.start) as usize..within(skip.end) as usize;
        block[blank].fill(0);
        if !is_zero(block) {
            hash.update(offset.to_le_bytes());
            hash.update(block);
        }
        Ok(())
    })?;
    Ok(hex(&hash.finalize()))
}

/// Where the bytes first stand in the file.
pub fn find(path: &Path, wanted: &[u8]) -> Result<Option<u64>> {
    let subject = || format!("searching {}", path.display());
    let mut file = File::open(path).with_context(subject)?;
    let length = file.metadata().with_context(subject)?.len();
    // The end of what was read last, for what begins in one block and ends in the next.
    let (mut kept, mut end, mut found) = (Vec::new(), 0, None);
    each_block(&mut file, 0..length, |offset, block| {
        if offset != end {
            kept.clear();
        }
        let start = offset - kept.len() as u64;
        kept.extend_from_slice(block);
        end = offset + block.len() as u64;
        if found.is_none() {
            found = memmem::find(&kept, wanted).map(|at| start + at as u64);
        }
        kept.drain(..kept.len().saturating_sub(wanted.len().saturating_sub(1)));
        Ok(())
    })
    .with_context(subject)?;
    Ok(found)
}

/// Copies a range of a file into a sparse file of its own.
pub fn carve(source: &Path, range: Range<u64>, target: &Path) -> Result<()> {
    convert(source, range, target, |_, _| ())
}

/// Like [`carve`], with every block that has data changed on the way. Its offset is counted from the start of the range, and it has
/// 64 KiB, or less at the end of the range.
pub fn convert(source: &Path, range: Range<u64>, target: &Path, change: impl Fn(u64, &mut [u8])) -> Result<()> {
    let subject =
        || format!("copying {} bytes at {} of {} to {}", range.end - range.start, range.start, source.display(), target.display());
    let mut from = File::open(source).with_context(subject)?;
    let length = from.metadata().with_context(subject)?.len();
    if range.end > length {
        bail!("{}: the file ends at {length}", subject());
    }
    let mut to = File::create(target).with_context(subject)?;
    to.set_len(range.end - range.start).with_context(subject)?;
    each_block(&mut from, range.clone(), |offset, block| {
        if !is_zero(block) {
            change(offset - range.start, block);
            to.seek(SeekFrom::Start(offset - range.start))?;
            to.write_all(block)?;
        }
        Ok(())
    })
    .with_context(subject)
}

/// Copies what is in a file to a place in another, where nothing was.
pub fn lay(source: &Path, target: &File, at: u64) -> Result<()> {
    let subject = || format!("copying {} to byte {at}", source.display());
    let mut from = File::open(source).with_context(subject)?;
    let length = from.metadata().with_context(subject)?.len();
    each_block(
        &mut from,
        0..length,
        |offset, block| {
            if is_zero(block) { Ok(()) } else { target.write_all_at(block, at + offset).map_err(Into::into) }
        },
    )
    .with_context(subject)
}

/// Changes what is in a range of a file where there is data; blocks are those of [`convert`], but counted from the start of the file.
pub fn edit(file: &File, range: Range<u64>, change: impl Fn(u64, &mut [u8]) -> Result<()>) -> Result<()> {
    let mut from = file.try_clone().context("opening a file a second time")?;
    each_block(&mut from, range, |offset, block| {
        if !is_zero(block) {
            change(offset, block)?;
            file.write_all_at(block, offset)?;
        }
        Ok(())
    })
}

fn is_zero(block: &[u8]) -> bool {
    *block == ZEROS[..block.len()]
}

/// Calls for every block of the range that has data; blocks are counted from the start of the range.
fn each_block(file: &mut File, range: Range<u64>, mut visit: impl FnMut(u64, &mut [u8]) -> Result<()>) -> Result<()> {
    let mut buffer = vec![0; BLOCK as usize];
    let mut offset = range.start;
    while let Some(data) = next_data(file, offset)?.filter(|data| *data < range.end) {
        // Back to the start of the block, so that the cut does not depend on where a hole happens to end.
        offset = data - (data - range.start) % BLOCK;
        let wanted = BLOCK.min(range.end - offset) as usize;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut buffer[..wanted])?;
        visit(offset, &mut buffer[..wanted])?;
        offset += BLOCK;
    }
    Ok(())
}

/// Where the next data at or after the offset begins; none when only a hole follows.
fn next_data(file: &File, offset: u64) -> Result<Option<u64>> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
        Ok(at) => Ok(Some(at)),
        Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error).context("looking for data"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    const MIB: u64 = 1024 * 1024;

    fn sparse(path: &Path, length: u64, pieces: &[(u64, &[u8])]) {
        let mut file = File::create(path).unwrap();
        file.set_len(length).unwrap();
        for (offset, bytes) in pieces {
            file.seek(SeekFrom::Start(*offset)).unwrap();
            file.write_all(bytes).unwrap();
        }
    }

    #[test]
    fn holes_and_zeros_are_equal_and_a_byte_is_not() {
        let dir = scratch("digest");
        let (a, b) = (dir.join("a"), dir.join("b"));
        sparse(&a, 64 * MIB, &[(5 * MIB + 1, b"x")]);
        sparse(&b, 64 * MIB, &[(0, &[0; 300_000]), (5 * MIB + 1, b"x")]);
        assert_eq!(digest(&a, None).unwrap(), digest(&b, None).unwrap());
        sparse(&b, 64 * MIB, &[(5 * MIB + 2, b"x")]);
        assert_ne!(digest(&a, None).unwrap(), digest(&b, None).unwrap());
        sparse(&b, 63 * MIB, &[(5 * MIB + 1, b"x")]);
        assert_ne!(digest(&a, None).unwrap(), digest(&b, None).unwrap());
    }

    #[test]
    fn the_last_byte_counts_and_a_skipped_range_does_not() {
        let dir = scratch("skip");
        let (a, b) = (dir.join("a"), dir.join("b"));
        sparse(&a, 3 * MIB + 7, &[(3 * MIB + 6, b"e")]);
        sparse(&b, 3 * MIB + 7, &[(MIB, b"kit"), (3 * MIB + 6, b"e")]);
        assert_ne!(digest(&a, None).unwrap(), digest(&b, None).unwrap());
        assert_eq!(digest(&a, Some(MIB..2 * MIB)).unwrap(), digest(&b, Some(MIB..2 * MIB)).unwrap());
        assert_eq!(digest(&a, Some(MIB..MIB + 3)).unwrap(), digest(&b, Some(MIB..MIB + 3)).unwrap());
        assert_ne!(digest(&a, Some(MIB..MIB + 2)).unwrap(), digest(&b, Some(MIB..MIB + 2)).unwrap());
    }

    #[test]
    fn a_piece_is_carved_sparse() {
        use std::os::unix::fs::MetadataExt;
        let dir = scratch("carve");
        let (a, b) = (dir.join("a"), dir.join("b"));
        sparse(&a, 64 * MIB, &[(10 * MIB, b"start"), (50 * MIB - 3, b"end")]);
        carve(&a, 10 * MIB..50 * MIB, &b).unwrap();
        let bytes = std::fs::read(&b).unwrap();
        assert_eq!(bytes.len() as u64, 40 * MIB);
        assert_eq!((&bytes[..5], &bytes[bytes.len() - 3..]), (&b"start"[..], &b"end"[..]));
        assert!(std::fs::metadata(&b).unwrap().blocks() * 512 < MIB);
        assert!(carve(&a, 10 * MIB..65 * MIB, &b).is_err());
    }
}
