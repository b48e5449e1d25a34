//! What firmware sees of a disk, kept up to date request by request: the loaders in every file system that it may find.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};

use super::cut::{Cut, Kept};
use super::log::{Entry, Kind, Log, SECTOR};
use super::replay::Area;
use super::{firmware, places};
use crate::vm::after::ESP_START;

/// As much as is looked at of each: the size of the new ESP, and more than that of any old one.
const REACH: u64 = 1 << 30;

/// What a system writes at least of a disk when it writes a part of that: the rest is what was there.
const PAGE: u64 = 4096;

/// What firmware sees.
pub struct Eyes<'a> {
    log: &'a Log,
    under: Option<File>,
    areas: Vec<Area<'a>>,
    /// Where there was a loader before.
    old: BTreeSet<u64>,
}

/// What a disk with a loader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bootable {
    /// What it was before: nothing but first sectors of file systems with loaders has changed.
    Untouched,
    /// Perhaps the new system: whether all of it is there is for others to say.
    New,
    /// An old loader, in the file system that begins here, whose disk is no longer what it was.
    Half(u64),
}

impl<'a> Eyes<'a> {
    /// Those that look at the disk as it was before. Whether a table still leads to a file system is not looked up later: firmware that
    /// finds one without is believed to be possible.
    pub fn new(log: &'a Log) -> Result<Eyes<'a>> {
        let old = old(log)?;
        let starts: BTreeSet<u64> = old.iter().copied().chain([ESP_START]).collect();
        let areas = starts.iter().map(|start| Area::new(log, *start..start + REACH)).collect::<Result<_>>()?;
        let under = log.under.as_ref().map(File::open).transpose().context("opening the disk as it was before")?;
        Ok(Eyes { log, under, areas, old })
    }

    /// Those that look at the disk on which so many entries are safe.
    pub fn after(log: &'a Log, safe: usize) -> Result<Eyes<'a>> {
        let mut eyes = Eyes::new(log)?;
        log.entries[..safe].iter().try_for_each(|entry| eyes.apply(entry))?;
        Ok(eyes)
    }

    /// Whether an entry changes anything for firmware.
    pub fn is_touched(&self, entry: &Entry) -> bool {
        self.areas.iter().any(|area| area.is_touched(entry))
    }

    /// Carries an entry out for good.
    pub fn apply(&mut self, entry: &Entry) -> Result<()> {
        self.areas.iter_mut().try_for_each(|area| area.apply(entry))
    }

    /// The starts of the file systems with loaders that firmware finds, with what a cut has kept of what was not safe.
    pub fn loaders(&self, kept: &[Kept]) -> Result<Vec<u64>> {
        let mut found = Vec::new();
        for area in &self.areas {
            let here: Vec<&Kept> = kept.iter().filter(|kept| area.is_touched(&self.log.entries[kept.entry])).collect();
            let read = |at: u64, buffer: &mut [u8]| area.read(&here, area.start() + at, buffer);
            if firmware::finds(&read, area.start())? {
                found.push(area.start());
            }
        }
        Ok(found)
    }

    /// What the disk is after a cut; `None` if firmware finds nothing.
    pub fn look(&self, cut: &Cut) -> Result<Option<Bootable>> {
        let found = self.loaders(&cut.kept)?;
        let half = found.iter().find(|start| **start != ESP_START);
        Ok(match half {
            _ if found.is_empty() => None,
            _ if self.is_untouched(cut)? => Some(Bootable::Untouched),
            Some(start) => Some(Bootable::Half(*start)),
            None => Some(Bootable::New),
        })
    }

    /// Whether there are old loaders that nothing new is written over.
    pub fn has_elsewhere(&self) -> bool {
        self.old.iter().any(|start| *start != ESP_START)
    }

    /// Whether an entry changes nothing but the first sectors of old loaders.
    pub fn takes_a_loader(&self, entry: &Entry) -> Result<bool> {
        if entry.kind == Kind::Discard || entry.bytes > PAGE {
            return Ok(false);
        }
        for skip in (0..entry.bytes).step_by(SECTOR as usize) {
            let (mut before, mut after) = ([0; SECTOR as usize], [0; SECTOR as usize]);
            let at = entry.start + skip;
            if self.old.contains(&at) {
                continue;
            }
            if let Some(under) = &self.under {
                under.read_exact_at(&mut before, at).context("reading the disk as it was before")?;
            }
            self.log.change(entry, skip, &mut after)?;
            if before != after {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_untouched(&self, cut: &Cut) -> Result<bool> {
        let kept = cut.kept.iter().filter(|kept| !kept.bytes.is_empty()).map(|kept| &self.log.entries[kept.entry]);
        for entry in self.log.entries[..cut.safe].iter().chain(kept) {
            if !self.takes_a_loader(entry)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Where there was a loader on the disk as it was before.
fn old(log: &Log) -> Result<BTreeSet<u64>> {
    let Some(path) = &log.under else { return Ok(BTreeSet::new()) };
    let reading = || format!("reading the disk as it was before, {}", path.display());
    let file = File::open(path).with_context(reading)?;
    let size = file.metadata().with_context(reading)?.len();
    // What is behind its end is not there.
    let read = |at: u64, buffer: &mut [u8]| {
        let there = (size.saturating_sub(at) as usize).min(buffer.len());
        buffer[there..].fill(0);
        file.read_exact_at(&mut buffer[..there], at).with_context(reading)
    };
    let starts = places::of_disk(&read, size, SECTOR)?.into_iter();
    let has_loader = |start: &u64| firmware::finds(&|at, buffer: &mut [u8]| read(start + at, buffer), *start);
    starts.map(|start| Ok(has_loader(&start)?.then_some(start))).filter_map(Result::transpose).collect()
}
