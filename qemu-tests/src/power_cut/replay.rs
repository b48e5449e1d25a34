//! Disks after a cut: as much of one as firmware reads, in memory, and whole ones in sparse files.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::cut::{Cut, Kept};
use super::log::{Entry, Kind, Log, SECTOR};
use crate::vm::sparse;

/// At most so much is read from the log at once.
const PIECE: u64 = 1 << 20;

/// Part of a disk, kept up to date entry by entry.
pub struct Area<'a> {
    log: &'a Log,
    range: Range<u64>,
    under: Option<File>,
    sectors: HashMap<u64, [u8; SECTOR as usize]>,
    /// What was under these is gone.
    forgotten: Vec<Range<u64>>,
}

impl<'a> Area<'a> {
    /// The bytes in this range of the disk as it was before.
    pub fn new(log: &'a Log, range: Range<u64>) -> Result<Area<'a>> {
        let under = log.under.as_ref().map(File::open).transpose().context("opening the disk as it was before")?;
        Ok(Area { log, range, under, sectors: HashMap::new(), forgotten: Vec::new() })
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
            self.sectors.retain(|sector, _| !touched.contains(&(sector * SECTOR)));
            self.forgotten.push(touched);
            return Ok(());
        }
        for at in touched.step_by(SECTOR as usize) {
            let mut bytes = [0; SECTOR as usize];
            self.log.fill(entry, at - entry.start, &mut bytes)?;
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
                (None, Some(under)) if !self.forgotten.iter().any(|range| range.contains(&part.start)) => {
                    under.read_exact_at(to, part.start).context("reading the disk as it was before")?;
                }
                _ => to.fill(0),
            }
        }
        for kept in kept {
            let entry = &self.log.entries[kept.entry];
            let part = common(&wanted, &(entry.start + kept.bytes.start..entry.start + kept.bytes.end));
            if !part.is_empty() {
                let to = &mut buffer[(part.start - at) as usize..(part.end - at) as usize];
                self.log.fill(entry, part.start - entry.start, to)?;
            }
        }
        Ok(())
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
    let file = OpenOptions::new().write(true).open(path).with_context(making)?;
    log.entries[..cut.safe].iter().try_for_each(|entry| write(log, entry, 0..entry.bytes, &file)).with_context(making)?;
    cut.kept.iter().try_for_each(|kept| write(log, &log.entries[kept.entry], kept.bytes.clone(), &file)).with_context(making)
}

fn write(log: &Log, entry: &Entry, bytes: Range<u64>, file: &File) -> Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    // Holes are punched, so that the file stays as small as what is on it.
    let hole = |at, length| fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, at, length);
    if entry.kind == Kind::Discard && !bytes.is_empty() {
        return hole(entry.start + bytes.start, bytes.end - bytes.start).context("discarding");
    }
    let mut at = bytes.start;
    while at < bytes.end {
        let mut piece = vec![0; PIECE.min(bytes.end - at) as usize];
        log.fill(entry, at, &mut piece)?;
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
}
