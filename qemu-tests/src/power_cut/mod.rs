//! `cargo xtask power-cut`: the proof that a machine whose power is cut at any write of an installation boots nothing or the whole
//! system, and can be installed on again.
//!
//! One installation is recorded write by write. Thousands of disks that a cut may have left are looked at with the eyes of firmware;
//! each on which it would find a loader must be complete, in the judgement of tools that are not ours. Some are booted, and some
//! are installed on again from the stick.

mod choose;
mod cut;
mod firmware;
mod judge;
mod log;
mod machines;
mod pace;
mod replay;
mod rows;
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};

use crate::nix::Nix;
use crate::vm::{one, sparse};
use crate::vm_test::work_dir;
use crate::{cache, iso, prerequisites};
use cut::Dice;
use judge::Judge;
use log::Log;
use pace::{Mark, Pace};
use rows::RECORDED;
use walk::Seen;

/// Where chance begins: the same for every run, so that a finding can be found again.
const SEED: u64 = 8;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// How many cuts are booted.
    cuts: usize,
    /// How many are installed on again.
    reruns: usize,
    /// Whether the recording of an earlier run is judged.
    recorded: bool,
}

/// The verb.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let options = parse(words)?;
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::MACHINE])?;
    let image = iso::of_host(RECORDED.host, None, None, &iso::More::default())?;
    let store = Nix::new(&image.stage2_root, &cache::root())?;
    let dir = work_dir()?.join("power-cut");
    let recorded = dir.join(RECORDED.name);
    if !options.recorded {
        cache::remove(&dir)?;
        let pace = Pace::watch(recorded.join("console.log"), recorded.join("disk0.writes"));
        let installed = one::run_and_keep(&RECORDED, &image, &recorded, &store, None);
        let marks = pace.end();
        installed.map_err(|failure| anyhow!("recording an installation:\n{failure}"))?;
        keep(&marks, &recorded)?;
    }
    let log = Log::read(&recorded.join("disk0.writes"))?;
    let marks = marks(&recorded)?;
    println!("recorded  {} requests in {} steps of the plan", log.entries.len(), marks.len());
    let judge = Judge { log: &log, image: &image, store: &store, dir: &dir };
    let seen = walk::walk(&log, SEED)?;
    println!(
        "replayed  {} flush points, {} cuts after a write, {} cuts with a part of the writes",
        seen.flushes, seen.in_order, seen.reordered
    );
    let judged = complete(&judge, &seen)?;
    println!("judged    {} cuts with a loader that firmware finds: {judged} different disks, all complete", seen.bootable.len());
    println!("control   with the last write too early the judge says: {:#}", guilty(&judge, &seen)?);
    let dice = &mut Dice(SEED);
    let booted = machines::boot(&judge, &seen, &marks, options.cuts, dice)?;
    println!("booted    {} cuts of the installed system's own, {} without a loader", booted.0, booted.1);
    let again = machines::install_again(&judge, &marks, options.reruns, dice)?;
    println!("again     {again} cuts installed on again from the stick");
    println!("power-cut: the promise holds");
    Ok(ExitCode::SUCCESS)
}

/// Every disk that firmware would boot has the whole system; how many there are.
fn complete(judge: &Judge, seen: &Seen) -> Result<usize> {
    seen.publishing()?;
    let mut judged = BTreeSet::new();
    for cut in &seen.bootable {
        let disk = judge.dir.join("different.cut");
        judge.make(cut, &disk)?;
        if judged.insert(sparse::digest(&disk, None)?) {
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
    let mut options = Options { cuts: 6, reruns: 10, recorded: false };
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
        assert_eq!(parsed("").unwrap(), Options { cuts: 6, reruns: 10, recorded: false });
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
