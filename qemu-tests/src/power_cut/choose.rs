//! Which cuts are booted, and which are installed on again: some of every step of the plan. Pure.

use std::ops::Range;

use super::cut::{Cut, Dice, reordered, windows};
use super::log::Log;
use super::pace::Mark;

/// A cut and the step in which it was.
pub struct Chosen {
    /// As the console said it.
    pub step: String,
    /// Where.
    pub cut: Cut,
}

/// So many cuts, spread over the steps that write anything; those that write most come more than once.
pub fn spread(log: &Log, marks: &[Mark], count: usize, dice: &mut Dice) -> Vec<Chosen> {
    let windows = windows(&log.entries);
    let mut steps: Vec<(&str, Range<usize>)> = steps(log, marks).into_iter().filter(|(_, entries)| !entries.is_empty()).collect();
    steps.sort_by_key(|(_, entries)| std::cmp::Reverse(entries.len()));
    let one = |(step, entries): &(&str, Range<usize>)| {
        let at = entries.start + dice.below(entries.len() as u64) as usize;
        // What lies in the step of the window that is open there.
        let open = windows.iter().find(|window| at <= window.end).map_or(at..at, |window| window.start.min(at)..at);
        Chosen { step: (*step).to_owned(), cut: reordered(&log.entries, &open, dice) }
    };
    let mut chosen: Vec<Chosen> = steps.iter().cycle().take(if steps.is_empty() { 0 } else { count }).map(one).collect();
    chosen.sort_by_key(|chosen| chosen.cut.safe);
    chosen
}

/// The entries of every step.
fn steps<'a>(log: &Log, marks: &'a [Mark]) -> Vec<(&'a str, Range<usize>)> {
    let starts = marks.iter().map(|mark| log.entries_within(mark.length));
    let ends = starts.clone().skip(1).chain([log.entries.len()]);
    marks.iter().zip(starts.zip(ends)).map(|(mark, (start, end))| (mark.step.as_str(), start..end.max(start))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::log;
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn every_step_that_writes_is_cut_before_any_twice() {
        let dir = scratch("choose");
        let write = (0, &[1; 512][..], 0);
        let log = log(&dir, &[write, (0, &[], 1), write, write, write, (0, &[], 1), write]);
        // Entry and data have two sectors, a flush one.
        let mark = |step: &str, sectors: u64| Mark { step: step.to_owned(), length: sectors * 512 };
        let marks = [mark("1/4 a", 0), mark("2/4 b", 4), mark("3/4 c", 4), mark("4/4 d", 11)];
        let found: Vec<(&str, Range<usize>)> = steps(&log, &marks);
        assert_eq!(found, [("1/4 a", 0..2), ("2/4 b", 2..2), ("3/4 c", 2..6), ("4/4 d", 6..7)]);
        let chosen = spread(&log, &marks, 3, &mut Dice(7));
        assert_eq!(chosen.iter().map(|chosen| chosen.step.as_str()).collect::<Vec<_>>(), ["1/4 a", "3/4 c", "4/4 d"]);
        assert_eq!(spread(&log, &marks, 4, &mut Dice(7)).iter().filter(|chosen| chosen.step == "3/4 c").count(), 2);
        assert!(spread(&log, &[], 4, &mut Dice(7)).is_empty());
    }
}
