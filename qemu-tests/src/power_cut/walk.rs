//! Cuts the power everywhere: after every flush, after every single write, and many times in between with only some of the writes there.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::{Context, Result, ensure};

use super::cut::{Cut, Dice, Kept, in_order, reordered, windows};
use super::eyes::{Bootable, Eyes};
use super::log::{Kind, Log};

/// Cuts with a part of the writes, between every two flushes.
const SAMPLES: usize = 256;

/// What was seen.
#[derive(Default)]
pub struct Seen {
    /// Spans between two flushes, that behind the last one among them.
    pub spans: usize,
    /// Cuts after a write, with all before it.
    pub in_order: usize,
    /// Cuts with some of the writes since the last flush.
    pub reordered: usize,
    /// Those of all these with a loader that firmware finds, the disk being untouched otherwise.
    pub untouched: usize,
    /// Those with an old loader and anything else changed, and where that is.
    pub half: Vec<(Cut, u64)>,
    /// Those with the new loader.
    pub bootable: Vec<Cut>,
    /// With the last write of this one a disk became bootable that was not.
    published: Option<Cut>,
}

impl Seen {
    /// The cut in order whose last write has made the disk bootable.
    pub fn publishing(&self) -> Result<&Cut> {
        self.published.as_ref().context("looking for the write that makes the disk bootable: there is none")
    }

    fn note(&mut self, cut: &Cut, bootable: Option<Bootable>) {
        match bootable {
            None => {}
            Some(Bootable::Untouched) => self.untouched += 1,
            Some(Bootable::Half(start)) => self.half.push((cut.clone(), start)),
            Some(Bootable::New) => self.bootable.push(cut.clone()),
        }
    }
}

/// Looks at all of them with the eyes of firmware.
pub fn walk(log: &Log, seed: u64) -> Result<Seen> {
    let (mut eyes, mut seen, mut dice) = (Eyes::new(log)?, Seen::default(), Dice(seed));
    // A disk on which there was a system was bootable before.
    let mut bootable = eyes.look(&Cut { safe: 0, kept: Vec::new() })?;
    for window in windows(&log.entries) {
        seen.spans += 1;
        bootable = every_write(log, &eyes, &window, bootable, &mut seen)?;
        // Between two flushes that are close together chance finds the same again and again.
        let mut looked = HashSet::new();
        for _ in 0..SAMPLES {
            let cut = reordered(&log.entries, &window, &mut dice);
            if !looked.insert(cut.clone()) {
                continue;
            }
            seen.reordered += 1;
            seen.note(&cut, eyes.look(&cut)?);
        }
        log.entries[window].iter().try_for_each(|entry| eyes.apply(entry))?;
    }
    Ok(seen)
}

fn every_write(log: &Log, eyes: &Eyes, window: &Range<usize>, mut bootable: Option<Bootable>, seen: &mut Seen) -> Result<Option<Bootable>> {
    for count in 0..=window.len() {
        seen.in_order += usize::from(count > 0);
        // What firmware does not read changes nothing of what it finds.
        let touched = count == 0 || eyes.is_touched(&log.entries[window.start + count - 1]);
        if !touched && bootable.is_none() {
            continue;
        }
        let cut = in_order(&log.entries, window, count);
        let now = eyes.look(&cut)?;
        if now == Some(Bootable::New) && bootable != now {
            seen.published = Some(cut.clone());
        }
        seen.note(&cut, now);
        bootable = now;
    }
    Ok(bootable)
}

/// The first old loader that firmware finds on a disk that has changed, if its removal had never been written: an omission that must be
/// found guilty.
pub fn never_taken(log: &Log, seed: u64) -> Result<(Cut, u64)> {
    let eyes = Eyes::new(log)?;
    let mut half = walk(&log.without(|entry| Ok(entry.kind != Kind::Flush && eyes.takes_a_loader(entry)?))?, seed)?.half;
    ensure!(!half.is_empty(), "leaving the old loaders alone: nothing was found");
    Ok(half.swap_remove(0))
}

/// The first cut that is bootable if this write, which came last, had been one of the first: an order that must be found guilty.
pub fn too_early(log: &Log, publishing: usize) -> Result<Cut> {
    let mut eyes = Eyes::new(log)?;
    let early = Kept { entry: publishing, bytes: 0..log.entries[publishing].bytes };
    for window in windows(&log.entries).into_iter().take_while(|window| window.end <= publishing) {
        let touched = window.clone().any(|entry| eyes.is_touched(&log.entries[entry]));
        for count in 0..=if touched { window.len() } else { 0 } {
            let mut cut = in_order(&log.entries, &window, count);
            cut.kept.push(early.clone());
            if !eyes.loaders(&cut.kept)?.is_empty() {
                return Ok(cut);
            }
        }
        log.entries[window].iter().try_for_each(|entry| eyes.apply(entry))?;
    }
    anyhow::bail!("making the disk bootable too early: it never was")
}

#[cfg(test)]
mod tests {
    use super::super::discards::Discards;
    use super::super::firmware::tests::{DIRECTORY, FILE, esp};
    use super::super::log::{SECTOR, tests::log};
    use super::*;
    use crate::vm::after::ESP_START;
    use crate::vm::disk::scratch;

    const FLUSH: (u64, &[u8], u64) = (0, &[], 1);

    #[test]
    fn the_write_that_makes_a_disk_bootable_is_found_wherever_it_comes() {
        let dir = scratch("walk");
        let at = |name: &str| esp(&[(2, &[(name, DIRECTORY, 3)]), (3, &[("SHELL   EFI", FILE, 9)])]);
        let (staged, published) = (at("EFI     NEW"), at("EFI        "));
        let start = ESP_START / SECTOR;
        // The sector of the root directory, and a kernel on some other partition.
        let files = (start, &staged[..], 0);
        let name = (start + 3, &published[3 * 512..4 * 512], 0);
        let kernel = (start * 2000, &[1; 4096][..], 0);

        let late = log(&dir, &[files, FLUSH, kernel, FLUSH, name, FLUSH]);
        let seen = walk(&late, 1).unwrap();
        let publishing = seen.publishing().unwrap();
        assert_eq!((seen.spans, seen.in_order, publishing.safe, publishing.kept[0].entry), (4, 3, 4, 4));
        // Nothing is bootable before everything else is safe.
        assert!(seen.bootable.iter().all(|cut| cut.safe >= 4), "{:?}", seen.bootable);
        let early = too_early(&late, 4).unwrap();
        assert_eq!((early.safe, early.kept.len()), (0, 2));

        // In the same window as the kernel it may be there without that; alone, with a flush, it always is.
        for (order, without) in [([files, FLUSH, kernel, name, FLUSH, FLUSH], 2), ([files, FLUSH, name, FLUSH, kernel, FLUSH], 2)] {
            let seen = walk(&log(&dir, &order), 1).unwrap();
            assert!(seen.bootable.iter().any(|cut| cut.safe == without && cut.kept.iter().all(|kept| order[kept.entry] != kernel)));
        }
        let never = walk(&log(&dir, &[files, FLUSH, kernel, FLUSH]), 1).unwrap();
        let error = never.publishing().unwrap_err().to_string();
        assert_eq!(error, "looking for the write that makes the disk bootable: there is none");
    }

    /// A disk whose first partition, which begins at block 40 and is called nothing, has a loader.
    fn old_disk(path: &std::path::Path) {
        let mut disk = vec![0; 2 << 20];
        disk[512..520].copy_from_slice(b"EFI PART");
        (disk[512 + 72], disk[1024], disk[1024 + 32]) = (2, 9, 40);
        let old = esp(&[(2, &[("EFI        ", DIRECTORY, 3)]), (3, &[("SHELL   EFI", FILE, 9)])]);
        disk[40 * 512..][..old.len()].copy_from_slice(&old);
        std::fs::write(path, disk).unwrap();
    }

    #[test]
    fn an_old_loader_may_stay_on_an_untouched_disk_and_on_no_other() {
        let dir = scratch("walk-old");
        let under = dir.join("under");
        old_disk(&under);
        let new = esp(&[(2, &[("EFI        ", DIRECTORY, 3)]), (3, &[("SHELL   EFI", FILE, 9)])]);
        let gone = (40, &[0; 512][..], 0);
        let other = (3000, &[1; 512][..], 0);
        let all = (0, &[0; 2 << 20][..], 4);
        let published = (ESP_START / SECTOR, &new[..], 0);
        let walked = |requests: &[(u64, &[u8], u64)], discards: Discards| {
            let mut log = log(&dir, requests);
            log.under = Some(under.clone());
            log.discards = discards;
            (walk(&log, 1).unwrap(), log)
        };
        for discards in Discards::ALL {
            let (seen, log) = walked(&[gone, FLUSH, all, other, FLUSH, published, FLUSH], discards);
            assert!(seen.half.is_empty() && seen.untouched > 0 && seen.bootable.iter().all(|cut| cut.safe >= 5), "{discards:?}");
            assert_eq!(seen.publishing().unwrap().kept[0].entry, 5);
            // The same without the first write: a discard takes the loader, or does not.
            let (cut, start) = never_taken(&log, 1).unwrap();
            assert_eq!((cut.safe, start), (1, 40 * SECTOR));
        }
        // Whoever relies on discards is found out by disks that ignore them, for ever.
        let relies = [all, FLUSH, other, FLUSH, published, FLUSH];
        assert!(walked(&relies, Discards::Zeroed).0.half.iter().all(|(cut, _)| cut.safe == 0));
        assert!(walked(&relies, Discards::Ignored).0.half.iter().any(|(cut, start)| (cut.safe, *start) == (6, 40 * SECTOR)));
        // In one window with the first other write the loader may be the one that stays, and without a flush as well.
        let (seen, _) = walked(&[gone, other, FLUSH, published, FLUSH], Discards::Zeroed);
        assert!(seen.half.iter().any(|(cut, _)| cut.safe == 0 && cut.kept.iter().all(|kept| kept.entry == 1)));
        // Nothing was there to be left alone.
        let error = never_taken(&log(&dir, &[other, FLUSH]), 1).unwrap_err().to_string();
        assert_eq!(error, "leaving the old loaders alone: nothing was found");
    }
}
