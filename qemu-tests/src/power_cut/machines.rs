//! Disks after a cut in machines: booted alone, and installed on again from the stick.

use std::fs;

use anyhow::{Context, Result, anyhow};

use super::choose::{Chosen, spread};
use super::cut::{Cut, Dice};
use super::eyes::{Bootable, Eyes};
use super::judge::Judge;
use super::log::Kind;
use super::pace::Mark;
use super::rows::{AGAIN, OLD_SYSTEM};
use super::walk::Seen;
use crate::cache;
use crate::vm::command::VARS;
use crate::vm::scenario::{NOTHING_BOOTS, Vars};
use crate::vm::{after, disk, one};

/// Boots so many cuts, with the firmware variables that the whole installation has left: those around the writes that count, where there
/// are so many, and some of every step. Says how many booted the installed system, and how many nothing.
pub fn boot(judge: &Judge, seen: &Seen, marks: &[Mark], count: usize, dice: &mut Dice) -> Result<(usize, usize)> {
    let publishing = seen.publishing()?;
    let log = judge.log;
    let before = Cut { safe: publishing.safe, kept: publishing.kept[..publishing.kept.len().saturating_sub(1)].to_vec() };
    let whole = |safe| Cut { safe, kept: Vec::new() };
    // The two sides of the one write, and the end.
    let mut sides =
        vec![("before the last write", before), ("with the last write", publishing.clone()), ("at the end", whole(log.entries.len()))];
    if log.under.is_some() {
        // What was there must boot, or it were no wonder that it does not later.
        let first_flush = log.entries.iter().position(|entry| entry.kind == Kind::Flush).map_or(0, |flush| flush + 1);
        sides.truncate(2);
        sides.extend([("before the first write", whole(0)), ("without the old ESPs", whole(first_flush))]);
    }
    let mut cuts: Vec<Chosen> = sides.into_iter().map(|(step, cut)| Chosen { step: step.to_owned(), cut }).take(count).collect();
    cuts.extend(spread(log, marks, count - cuts.len(), dice));
    let mut booted = (0, 0);
    for (number, Chosen { step, cut }) in cuts.iter().enumerate() {
        println!("booting   {step}: {}", cut.name());
        let dir = judge.dir.join(format!("boot-{number}"));
        cache::remove(&dir)?;
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        judge.make(cut, &dir.join(disk::file_name(0)))?;
        fs::copy(judge.dir.join(VARS), dir.join(VARS)).context("copying the firmware's variables")?;
        let bootable = Eyes::after(log, cut.safe)?.look(cut)?;
        let script = match bootable {
            None => NOTHING_BOOTS.to_vec(),
            Some(Bootable::Untouched) => OLD_SYSTEM.to_vec(),
            Some(_) => AGAIN.installed_script(Vars::Left),
        };
        let done = after::boot_disks(&AGAIN, judge.image, &dir, &script);
        done.map_err(|failure| anyhow!("booting a disk, cut {}:\n{failure}", cut.name()))?;
        fs::remove_file(dir.join(disk::file_name(0))).context("removing a disk")?;
        if bootable.is_some() { booted.0 += 1 } else { booted.1 += 1 }
    }
    Ok(booted)
}

/// Installs so many times on what a cut has left, and judges the result like that of any installation.
pub fn install_again(judge: &Judge, marks: &[Mark], count: usize, dice: &mut Dice) -> Result<usize> {
    let cuts = spread(judge.log, marks, count, dice);
    for (number, Chosen { step, cut }) in cuts.iter().enumerate() {
        println!("again     in step {step}: {}", cut.name());
        let dir = judge.dir.join(format!("again-{number}"));
        let beside = dir.with_extension("cut");
        judge.make(cut, &beside)?;
        let done = one::run(&AGAIN, judge.image, &dir, judge.store, None);
        done.map_err(|failure| anyhow!("installing again, cut {}:\n{failure}", cut.name()))?;
        fs::remove_file(&beside).context("removing a disk")?;
    }
    Ok(cuts.len())
}
