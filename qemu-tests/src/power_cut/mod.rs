//! `cargo xtask power-cut`: the proof that a machine whose power is cut at any write of an installation boots nothing or the whole
//! system, and can be installed on again.
//!
//! Three installations are recorded write by write: on an empty disk, on one that has the same system, and on one that has another with its
//! loaders in other places. Thousands of disks that a cut may have left are looked at with the eyes of firmware; each on which it would find
//! a loader must be what it was before, or complete in the judgement of tools that are not ours. Some are booted, and some are installed on
//! again from the stick.

mod another;
mod choose;
mod cut;
mod discards;
mod eyes;
mod firmware;
mod judge;
mod log;
mod machines;
mod pace;
mod places;
mod replay;
mod rows;
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};

use crate::image::Image;
use crate::nix::Nix;
use crate::vm::scenario::Scenario;
use crate::vm::{disk, one, sparse};
use crate::vm_test::work_dir;
use crate::{cache, iso, prerequisites};
use cut::Dice;
use discards::Discards;
use judge::Judge;
use log::Log;
use pace::{Mark, Pace};
use rows::{DISK, FRESH, OTHER, OVER};
use walk::Seen;

/// Where chance begins: the same for every run, so that a finding can be found again.
const SEED: u64 = 8;

/// The installations, in the order in which one needs another's disk.
const ROWS: [&Scenario; 3] = [&FRESH, &OVER, &OTHER];

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// How many cuts are booted.
    cuts: usize,
    /// How many are installed on again.
    reruns: usize,
    /// Whether the recordings of an earlier run are judged.
    recorded: bool,
}

/// The verb.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let options = parse(words)?;
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::MACHINE])?;
    let image = iso::of_host(FRESH.host, None, None, &iso::More::default())?;
    let store = Nix::new(&image.stage2_root, &cache::root())?;
    let work = work_dir()?.join("power-cut");
    if !options.recorded {
        cache::remove(&work)?;
        fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
    }
    for (part, row) in ROWS.into_iter().enumerate() {
        let dir = work.join(row.name);
        let (under, installed) = (dir.with_extension("cut"), work.join(FRESH.name).join(disk::file_name(0)));
        if !options.recorded {
            match part {
                0 => {}
                1 => sparse::carve(&installed, 0..DISK.mib << 20, &under)?,
                _ => another::lay(&installed, &under)?,
            }
            record(row, &image, &dir, &store)?;
        }
        let mut log = recording(part, &dir)?;
        println!("recorded  {}: {} requests in {} steps", row.name, log.entries.len(), marks(&dir)?.len());
        for discards in Discards::ALL {
            log.discards = discards;
            let judge = Judge { log: &log, image: &image, store: &store, dir: &dir };
            prove(&judge).with_context(|| format!("proving the promise for the installation {} with {}", row.name, discards.name()))?;
        }
    }
    let mut dice = Dice(SEED);
    for (part, row) in ROWS.into_iter().enumerate() {
        let dir = work.join(row.name);
        // A disk that keeps what was there is the hardest to install on.
        let mut log = recording(part, &dir)?;
        log.discards = Discards::Ignored;
        let judge = Judge { log: &log, image: &image, store: &store, dir: &dir };
        // The first get what is left of the division.
        let share = |count: usize| (count + ROWS.len() - 1 - part) / ROWS.len();
        try_out(&judge, &marks(&dir)?, share(options.cuts), share(options.reruns), &mut dice)
            .with_context(|| format!("trying out disks of the installation {}", row.name))?;
    }
    println!("power-cut: the promise holds");
    Ok(ExitCode::SUCCESS)
}

/// The log of an installation, of which the first found an empty disk.
fn recording(part: usize, dir: &Path) -> Result<Log> {
    Log::read(&dir.join(disk::log_name(0)), (part > 0).then(|| dir.with_extension("cut")))
}

fn record(row: &Scenario, image: &Image, dir: &Path, store: &Nix) -> Result<()> {
    let pace = Pace::watch(dir.join("console.log"), dir.join(disk::log_name(0)));
    let installed = one::run_and_keep(row, image, dir, store, None);
    let marks = pace.end();
    installed.map_err(|failure| anyhow!("recording the installation {}:\n{failure}", row.name))?;
    keep(&marks, dir)
}

/// Looks at every cut, and judges the disks that firmware would boot.
fn prove(judge: &Judge) -> Result<()> {
    let seen = walk::walk(judge.log, SEED)?;
    println!(
        "replayed  {}: {} spans between flushes, {} cuts after a write, {} cuts with a part of the writes",
        judge.log.discards.name(),
        seen.spans,
        seen.in_order,
        seen.reordered
    );
    if let Some((cut, start)) = seen.half.first() {
        bail!("looking for old loaders: there is one at byte {start} when the disk has changed, cut {}", cut.name());
    }
    let judged = complete(judge, &seen)?;
    println!(
        "judged    {} cuts with a loader that firmware finds: {} on an untouched disk, the others on {judged} different ones, all complete",
        seen.untouched + seen.bootable.len(),
        seen.untouched
    );
    // Where there was a system, the last write that comes early falls on that one.
    if judge.log.under.is_none() {
        println!("control   with the last write too early the judge says: {:#}", guilty(judge, &seen)?);
    } else if eyes::Eyes::new(judge.log)?.has_elsewhere() {
        let (cut, start) = walk::never_taken(judge.log, SEED)?;
        println!(
            "control   without the first writes there is an old loader at byte {start} on a disk that has changed, cut {}",
            cut.name()
        );
    }
    Ok(())
}

/// Boots some cuts, and installs on some again.
fn try_out(judge: &Judge, marks: &[Mark], cuts: usize, reruns: usize, dice: &mut Dice) -> Result<()> {
    let seen = walk::walk(judge.log, SEED)?;
    let (bootable, nothing) = machines::boot(judge, &seen, marks, cuts, dice)?;
    println!("booted    {bootable} cuts into an installed system, {nothing} into nothing");
    println!("again     {} cuts installed on again from the stick", machines::install_again(judge, marks, reruns, dice)?);
    judge.sweep()
}

/// Every disk that firmware would boot has the whole system; how many there are.
fn complete(judge: &Judge, seen: &Seen) -> Result<usize> {
    seen.publishing()?;
    let mut judged = BTreeSet::new();
    for cut in &seen.bootable {
        if judged.insert(judge.digest(cut)?) {
            judge.complete(cut).with_context(|| format!("judging a bootable disk, cut {}", cut.name()))?;
        }
    }
    Ok(judged.len())
}

/// What is wrong with a disk on which the last write of all came early: a judge who finds nothing there finds nothing ever.
fn guilty(judge: &Judge, seen: &Seen) -> Result<anyhow::Error> {
    let last = seen.publishing()?.kept.last().context("looking for the last write: the disk was bootable with a flush")?.entry;
    let cut = walk::too_early(judge.log, last)?;
    match judge.complete(&cut) {
        Err(error) => Ok(error),
        Ok(()) => bail!("judging a disk that was made bootable too early, cut {}: nothing was found", cut.name()),
    }
}

fn keep(marks: &[Mark], dir: &Path) -> Result<()> {
    let lines: String = marks.iter().map(|mark| format!("{} {}\n", mark.length, mark.step)).collect();
    fs::write(dir.join("steps"), lines).with_context(|| format!("writing the steps to {}", dir.display()))
}

fn marks(dir: &Path) -> Result<Vec<Mark>> {
    let text = fs::read_to_string(dir.join("steps")).with_context(|| format!("reading the steps in {}: record first", dir.display()))?;
    let mark = |line: &str| {
        let (length, step) = line.split_once(' ').context("reading the steps: a line without its step")?;
        Ok(Mark { step: step.to_owned(), length: length.parse().context("reading the steps: a line without its length")? })
    };
    text.lines().map(mark).collect()
}

fn parse(words: &[String]) -> Result<Options> {
    let mut options = Options { cuts: 12, reruns: 10, recorded: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().with_context(|| format!("reading `{word}`: its value is missing"))?;
            value.parse().with_context(|| format!("reading `{word} {value}`: not a number"))
        };
        match word.as_str() {
            "--cuts" => options.cuts = number()?,
            "--reruns" => options.reruns = number()?,
            "--recorded" => options.recorded = true,
            other => bail!("reading `{other}`: power-cut has no such option"),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn options_are_read_and_mistakes_are_named() {
        let parsed = |line: &str| parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parsed("").unwrap(), Options { cuts: 12, reruns: 10, recorded: false });
        assert_eq!(parsed("--reruns 0 --recorded --cuts 2").unwrap(), Options { cuts: 2, reruns: 0, recorded: true });
        let error = |line| parsed(line).unwrap_err().to_string();
        assert_eq!(error("--cuts"), "reading `--cuts`: its value is missing");
        assert_eq!(error("--reruns many"), "reading `--reruns many`: not a number");
        assert_eq!(error("all"), "reading `all`: power-cut has no such option");
    }

    #[test]
    fn steps_are_kept_with_the_recording() {
        let dir = scratch("steps");
        let some = [Mark { step: "1/9 wiping old signatures".into(), length: 512 }, Mark { step: "2/9 x".into(), length: 9000 }];
        keep(&some, &dir).unwrap();
        assert_eq!(marks(&dir).unwrap(), some);
        fs::write(dir.join("steps"), "wiping\n").unwrap();
        assert_eq!(marks(&dir).unwrap_err().to_string(), "reading the steps: a line without its step");
    }
}
