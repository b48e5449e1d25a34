//! Disks after a cut: as much of one as firmware reads, in memory, and whole ones in sparse files.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::cut::{Cut, Kept};
use super::discards::Discards;
use super::log::{Entry, Kind, Log, SECTOR};
use crate::vm::sparse;

/// At most so much is read from the log at once.
const PIECE: u64 = 1 << 20;

/// Part of a disk, kept up to date entry by entry.
pub struct Area<'a> {
    log: &'a Log,
    range: Range<u64>,
    /// The disk as it was before, and its length: what is behind that is not there.
    under: Option<(File, u64)>,
    sectors: HashMap<u64, [u8; SECTOR as usize]>,
    /// What was under these was discarded.
    forgotten: Vec<(Range<u64>, Entry)>,
}

impl<'a> Area<'a> {
    /// The bytes in this range of the disk as it was before.
    pub fn new(log: &'a Log, range: Range<u64>) -> Result<Area<'a>> {
        let open = |path| File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata.len())));
        let under = log.under.as_ref().map(open).transpose().context("opening the disk as it was before")?;
        Ok(Area { log, range, under, sectors: HashMap::new(), forgotten: Vec::new() })
    }

    /// Its first byte.
    pub fn start(&self) -> u64 {
        self.range.start
    }

    /// Whether an entry changes anything in it.
    pub fn is_touched(&self, entry: &Entry) -> bool {
        entry.kind != Kind::Flush && !common(&self.range, &(entry.start..entry.end())).is_empty()
    }

    /// Carries an entry out.
    pub fn apply(&mut self, entry: &Entry) -> Result<()> {
        if !self.is_touched(entry) {
            return Ok(());
        }
        let touched = common(&self.range, &(entry.start..entry.end()));
        if entry.kind == Kind::Discard {
            self.sectors.iter_mut().filter(|(sector, _)| touched.contains(&(**sector * SECTOR))).for_each(|(sector, bytes)| {
                if self.log.forgets(entry, *sector) {
                    *bytes = [0; SECTOR as usize];
                }
            });
            self.forgotten.push((touched, *entry));
            return Ok(());
        }
        for at in touched.step_by(SECTOR as usize) {
            let mut bytes = [0; SECTOR as usize];
            self.log.change(entry, at - entry.start, &mut bytes)?;
            self.sectors.insert(at / SECTOR, bytes);
        }
        Ok(())
    }

    /// Reads it as it is with what a cut has kept besides.
    pub fn read(&self, kept: &[&Kept], at: u64, buffer: &mut [u8]) -> Result<()> {
        let wanted = at..at + buffer.len() as u64;
        for sector in at / SECTOR..wanted.end.div_ceil(SECTOR) {
            let part = common(&wanted, &(sector * SECTOR..(sector + 1) * SECTOR));
            let to = &mut buffer[(part.start - at) as usize..(part.end - at) as usize];
            match (self.sectors.get(&sector), &self.under) {
                (Some(bytes), _) => to.copy_from_slice(&bytes[(part.start % SECTOR) as usize..][..to.len()]),
                (None, Some((under, length))) if !self.is_forgotten(part.start) => {
                    let (there, behind) = to.split_at_mut((length.saturating_sub(part.start) as usize).min(to.len()));
                    behind.fill(0);
                    under.read_exact_at(there, part.start).context("reading the disk as it was before")?;
                }
                _ => to.fill(0),
            }
        }
        for kept in kept {
            let entry = &self.log.entries[kept.entry];
            let part = common(&wanted, &(entry.start + kept.bytes.start..entry.start + kept.bytes.end));
            if !part.is_empty() {
                let to = &mut buffer[(part.start - at) as usize..(part.end - at) as usize];
                self.log.change(entry, part.start - entry.start, to)?;
            }
        }
        Ok(())
    }

    fn is_forgotten(&self, at: u64) -> bool {
        self.forgotten.iter().any(|(range, discard)| range.contains(&at) && self.log.forgets(discard, at / SECTOR))
    }
}

/// What is in both; empty, and somewhere, if nothing is.
fn common(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    let start = one.start.max(other.start);
    start..one.end.min(other.end).max(start)
}

/// Makes the file of a disk of this size as the cut leaves it.
pub fn make(log: &Log, cut: &Cut, size: u64, path: &Path) -> Result<()> {
    let making = || format!("making the disk {}", path.display());
    match &log.under {
        Some(under) => sparse::carve(under, 0..size, path)?,
        None => File::create(path).and_then(|file| file.set_len(size)).with_context(making)?,
    }
    let file = OpenOptions::new().read(true).write(true).open(path).with_context(making)?;
    log.entries[..cut.safe].iter().try_for_each(|entry| write(log, entry, 0..entry.bytes, &file)).with_context(making)?;
    cut.kept.iter().try_for_each(|kept| write(log, &log.entries[kept.entry], kept.bytes.clone(), &file)).with_context(making)
}

fn write(log: &Log, entry: &Entry, bytes: Range<u64>, file: &File) -> Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    // Holes are punched, so that the file stays as small as what is on it.
    let hole = |at, length| fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, at, length);
    if entry.kind == Kind::Discard {
        let all = entry.start + bytes.start..entry.start + bytes.end;
        return match log.discards {
            _ if all.is_empty() => Ok(()),
            Discards::Ignored => Ok(()),
            Discards::Zeroed => hole(all.start, all.end - all.start).context("discarding"),
            Discards::Tossed => sparse::edit(file, all, |at, block| log.change(entry, at - entry.start, block)),
        };
    }
    let mut at = bytes.start;
    while at < bytes.end {
        let mut piece = vec![0; PIECE.min(bytes.end - at) as usize];
        log.change(entry, at, &mut piece)?;
        if piece.iter().all(|byte| *byte == 0) {
            hole(entry.start + at, piece.len() as u64)?;
        } else {
            file.write_all_at(&piece, entry.start + at)?;
        }
        at += piece.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::log;
    use super::*;
    use crate::vm::disk::scratch;

    const DISCARD: u64 = 4;

    #[test]
    fn memory_and_file_agree_on_a_cut() {
        let dir = scratch("replay");
        let requests: [(u64, &[u8], u64); 5] =
            [(0, &[1; 2048], 0), (8, &[2; 1024], 0), (1, &[0; 512], DISCARD), (0, &[], 1), (2, &[3; 1024], 0)];
        let mut log = log(&dir, &requests);
        let cut = Cut { safe: 4, kept: vec![Kept { entry: 4, bytes: 512..1024 }] };
        let path = dir.join("disk");
        make(&log, &cut, 8192, &path).unwrap();
        let file = std::fs::read(&path).unwrap();
        let expected = [vec![1; 512], vec![0; 512], vec![1; 512], vec![3; 512], vec![0; 2048], vec![2; 1024], vec![0; 3072]].concat();
        assert!(file == expected);
        // Of the range alone: the rest is not there.
        let mut area = Area::new(&log, 512..8192).unwrap();
        log.entries[..4].iter().for_each(|entry| area.apply(entry).unwrap());
        let mut bytes = [9; 4000];
        area.read(&[&cut.kept[0]], 600, &mut bytes).unwrap();
        assert!(bytes[..] == expected[600..4600]);
        let touched: Vec<bool> = log.entries.iter().map(|entry| area.is_touched(entry)).collect();
        assert_eq!(touched, [true, true, true, false, true]);

        // What was there before is seen where nothing was written or forgotten.
        let under = dir.join("under");
        std::fs::write(&under, [7; 8192]).unwrap();
        log.under = Some(under);
        make(&log, &cut, 8192, &path).unwrap();
        let file = std::fs::read(&path).unwrap();
        let expected = [vec![1; 512], vec![0; 512], vec![1; 512], vec![3; 512], vec![7; 2048], vec![2; 1024], vec![7; 3072]].concat();
        assert!(file == expected);
        let mut area = Area::new(&log, 512..8192).unwrap();
        log.entries[..4].iter().for_each(|entry| area.apply(entry).unwrap());
        area.read(&[&cut.kept[0]], 600, &mut bytes).unwrap();
        assert!(bytes[..] == expected[600..4600]);
    }
    #[test]
    fn memory_and_file_agree_on_what_a_discard_does() {
        let dir = scratch("forgotten");
        let under = dir.join("under");
        std::fs::write(&under, [7; 65536]).unwrap();
        // All of it, and a piece again after it was written.
        let requests: [(u64, &[u8], u64); 5] =
            [(0, &[0; 65536], DISCARD), (2, &[3; 8192], 0), (0, &[], 1), (4, &[0; 4096], DISCARD), (9, &[5; 512], 0)];
        let mut log = log(&dir, &requests);
        log.under = Some(under);
        let path = dir.join("disk");
        let after = |log: &Log, cut: &Cut| {
            make(log, cut, 65536, &path).unwrap();
            let file = std::fs::read(&path).unwrap();
            let mut area = Area::new(log, 0..65536).unwrap();
            log.entries[..cut.safe].iter().for_each(|entry| area.apply(entry).unwrap());
            let mut bytes = vec![9; 65536];
            area.read(&cut.kept.iter().collect::<Vec<_>>(), 0, &mut bytes).unwrap();
            assert!(bytes == file, "{:?} {cut:?}", log.discards);
            file
        };
        let early = Cut { safe: 3, kept: vec![Kept { entry: 3, bytes: 0..2048 }] };
        let whole = Cut { safe: 5, kept: Vec::new() };
        for (discards, zeros) in [(Discards::Zeroed, 119..120), (Discards::Ignored, 0..1), (Discards::Tossed, 35..85)] {
            log.discards = discards;
            after(&log, &early);
            let file = after(&log, &whole);
            let sectors = |value| file.chunks(512).filter(|sector| sector[0] == value).count();
            assert!(zeros.contains(&sectors(0)), "{discards:?}: {}", sectors(0));
            assert_eq!(sectors(5), 1);
        }
    }
}
