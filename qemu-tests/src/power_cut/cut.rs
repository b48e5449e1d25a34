//! What a disk may hold after its power was cut: everything that was written before the last flush that it answered, and of what was
//! written since any part, in whole sectors. Pure.
//!
//! In which order a disk writes is the same as which part of it is there when the power goes: of two requests for one place the later
//! one wins, since it was not sent before the earlier one was answered.

use std::ops::Range;

use super::log::{Entry, Kind, SECTOR};

/// A disk after a cut.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cut {
    /// So many entries of the log are safe, all of them.
    pub safe: usize,
    /// Of those that follow, these are on the disk.
    pub kept: Vec<Kept>,
}

/// A request that was carried out, or part of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kept {
    /// Number of its entry.
    pub entry: usize,
    /// Which of its bytes.
    pub bytes: Range<u64>,
}

impl Cut {
    /// How a person finds it again.
    pub fn name(&self) -> String {
        let torn = self.kept.iter().filter(|kept| kept.bytes.start > 0).count();
        match self.kept.last() {
            None => format!("after entry {}", self.safe),
            Some(last) => {
                format!("after entry {}, with {} up to entry {}, {torn} without their start", self.safe, self.kept.len(), last.entry)
            }
        }
    }
}

/// The requests between two flushes, as numbers of entries. What follows the last flush is a window as well.
pub fn windows(entries: &[Entry]) -> Vec<Range<usize>> {
    let mut windows = Vec::new();
    let mut start = 0;
    for (number, _) in entries.iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Flush) {
        windows.push(start..number);
        start = number + 1;
    }
    windows.push(start..entries.len());
    windows
}

/// So many of the first requests of a window, whole.
pub fn in_order(entries: &[Entry], window: &Range<usize>, count: usize) -> Cut {
    let kept = window.clone().take(count).map(|entry| Kept { entry, bytes: 0..entries[entry].bytes });
    Cut { safe: window.start, kept: kept.collect() }
}

/// A cut somewhere in a window: some of the requests up to there, some of them torn. Every third time few are there, so that late ones are
/// seen without those before.
pub fn reordered(entries: &[Entry], window: &Range<usize>, dice: &mut Dice) -> Cut {
    let end = window.start + dice.below(window.len() as u64 + 1) as usize;
    let sparse = dice.below(3) == 0;
    let mut kept = Vec::new();
    for (number, entry) in entries.iter().enumerate().take(end).skip(window.start) {
        // Whoever was told that it is safe may rely on it.
        let safe = entry.kind == Kind::SafeWrite;
        let lost = if sparse { dice.below(8) != 0 } else { dice.below(2) == 0 };
        if lost && !safe {
            continue;
        }
        let sectors = entry.bytes / SECTOR;
        let torn = !safe && sectors > 1 && dice.below(4) == 0;
        let bytes = match (torn, dice.below(2), dice.below(sectors.max(1))) {
            (false, _, _) => 0..entry.bytes,
            (true, 0, at) => 0..at * SECTOR,
            (true, _, at) => at * SECTOR..entry.bytes,
        };
        kept.push(Kept { entry: number, bytes });
    }
    Cut { safe: window.start, kept }
}

/// Numbers that look like chance and are the same in every run (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    /// One of `0..end`; 0 if that is empty.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::log;
    use super::*;
    use crate::vm::disk::scratch;

    const FLUSH: u64 = 1;
    const FUA: u64 = 2;

    #[test]
    fn every_flush_ends_a_window_and_the_rest_is_one() {
        let dir = scratch("windows");
        let log = log(&dir, &[(0, &[1; 512], 0), (0, &[], FLUSH), (0, &[], FLUSH), (1, &[2; 512], 0)]);
        let windows = windows(&log.entries);
        assert_eq!(windows, [0..1, 2..2, 3..4]);
        let cut = |count| in_order(&log.entries, &windows[2], count);
        assert_eq!(cut(0), Cut { safe: 3, kept: Vec::new() });
        assert_eq!(cut(1), Cut { safe: 3, kept: vec![Kept { entry: 3, bytes: 0..512 }] });
    }

    #[test]
    fn any_part_may_be_lost_but_not_what_was_said_to_be_safe() {
        let dir = scratch("reordered");
        let log = log(&dir, &[(0, &[1; 4096], 0), (4, &[2; 512], 0), (20, &[3; 512], FUA), (30, &[4; 1024], 0), (0, &[], FLUSH)]);
        let window = &windows(&log.entries)[0];
        let mut dice = Dice(1);
        let cuts: Vec<Cut> = (0..400).map(|_| reordered(&log.entries, window, &mut dice)).collect();
        let place = |cut: &Cut, entry| cut.kept.iter().position(|kept| kept.entry == entry);
        for cut in &cuts {
            assert!(place(cut, 3).is_none() || place(cut, 2).is_some(), "{cut:?}");
            assert!(cut.kept.iter().all(|kept| kept.bytes.start % SECTOR == 0 && kept.bytes.end % SECTOR == 0), "{cut:?}");
            assert!(cut.kept.iter().all(|kept| kept.entry != 2 || kept.bytes == (0..512)), "{cut:?}");
        }
        let some = |wanted: &dyn Fn(&Cut) -> bool| assert!(cuts.iter().any(wanted));
        some(&|cut| cut.kept.is_empty());
        some(&|cut| cut.kept.len() == 4);
        some(&|cut| place(cut, 3).is_some() && place(cut, 0).is_none());
        some(&|cut| cut.kept.iter().any(|kept| kept.entry == 0 && kept.bytes.end < 4096));
        some(&|cut| cut.kept.iter().any(|kept| kept.entry == 0 && kept.bytes.start > 0));
        let again = reordered(&log.entries, window, &mut Dice(1));
        assert_eq!(cuts[0], again);
    }
}
