//! Which disk will be erased. Pure, and never a guess: what the rules cannot settle is a question, and what a person names must be one disk.

use std::fmt;

use super::by_id;
use super::rules::{Rule, by_rules};
use super::verdict::{Judged, Never, judge};
use super::{Disk, Layout};
use crate::error::{Error, Kind, Result};
use crate::facts::load_option::LoadOption;
use crate::settings::Settings;

/// Said where the kernel has not found a single disk.
const NO_DISK: &str = "the kernel shows no disk at all: check the cables, and that the firmware's RAID or VMD mode is off";

/// What the choice is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The disks.
    pub disks: &'a [Disk],
    /// The firmware's boot entries with their numbers, in the order in which it tries them.
    pub entries: &'a [(u16, Option<LoadOption>)],
    /// Sentences about storage controllers that have no driver, and so may hide disks.
    pub driverless: &'a [String],
    /// Bytes that the root file system will have to hold.
    pub content: u64,
}

/// The target and the reason for every disk that is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The disk that will be erased.
    pub target: Disk,
    /// Its division.
    pub layout: Layout,
    /// Why this one.
    pub rule: Rule,
    /// The others.
    pub others: Vec<Loser>,
    /// Boot entries that were passed over, a sentence each.
    pub skipped: Vec<String>,
    /// Numbers of the boot entries that lead to it, and will lead nowhere.
    pub stale: Vec<u16>,
}

/// A disk that is not the target. Its `Display` is the sentence that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loser {
    /// The disk.
    pub disk: Disk,
    /// Why it is not the target, or is it not yet.
    pub why: String,
    /// Whether it could be.
    pub possible: bool,
}

/// What the rules led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// One disk.
    Target(Box<Choice>),
    /// Not one disk: a refusal, unless a person can be asked.
    Open(Box<Undecided>),
}

/// Why there is no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// In a few words.
    pub cause: String,
    /// All disks.
    pub disks: Vec<Loser>,
    /// Boot entries that were passed over, controllers without a driver: a sentence each.
    pub notes: Vec<String>,
    /// The disk that `install.disk=` names is not there, but may still come.
    pub awaited: bool,
}

impl Undecided {
    /// The refusal, where nobody can be asked.
    pub fn refusal(&self) -> Error {
        let mut error = Error::new(Kind::Choice, "choosing the disk", &self.cause);
        error.details.extend(self.disks.iter().map(Loser::to_string).chain(self.notes.iter().cloned()));
        error
    }
}

/// Chooses the target: the disk `typed` by a person, the one of `install.disk=`, or by the rules.
///
/// # Errors
/// The disk that is named cannot be it. The details list every disk with its reason.
pub fn choose(facts: Facts, settings: &Settings, typed: Option<&str>) -> Result<Outcome> {
    let wanted = typed.or(settings.disk.as_deref());
    let judged: Vec<Judged> = facts
        .disks
        .iter()
        .map(|disk| (disk, judge(disk, wanted.is_some_and(|wanted| is(disk, wanted)), settings, facts.content)))
        .collect();
    let open = |cause: String, notes: Vec<String>, awaited: bool| {
        let disks = losers(&judged, None, "it could be the target");
        let nothing = disks.is_empty().then(|| NO_DISK.into());
        let notes = nothing.into_iter().chain(notes).collect();
        Ok(Outcome::Open(Box::new(Undecided { cause, disks, notes, awaited })))
    };
    let (target, rule, skipped) = match wanted {
        Some(wanted) => match named(&judged, wanted)? {
            Some(disk) => (disk, if typed.is_some() { Rule::Typed } else { Rule::Named }, Vec::new()),
            None => return open(format!("{wanted} is no disk's name, path, by-id name, serial number or WWN"), Vec::new(), true),
        },
        None => {
            let candidates: Vec<&Disk> = judged.iter().filter(|(_, verdict)| verdict.is_ok()).map(|(disk, _)| *disk).collect();
            if candidates.is_empty() {
                return open("no disk can be the target".into(), facts.driverless.to_vec(), false);
            }
            if judged.iter().any(|(_, verdict)| matches!(verdict, Err(Never::Unreadable | Never::Untold(_)))) {
                return open("a disk cannot be read, and the rules could mistake another for it".into(), Vec::new(), false);
            }
            let (winner, skipped) = by_rules(&candidates, facts);
            match winner {
                Some((disk, rule)) => (disk, rule, skipped),
                None => return open("more than one disk could be the target".into(), skipped, false),
            }
        }
    };
    let layout = judged.iter().find(|(disk, _)| disk.name == target.name).and_then(|(_, verdict)| verdict.ok());
    let layout = layout.ok_or_else(|| refusal("choosing the disk".into(), "the target has no layout".into(), &judged))?;
    let others = losers(&judged, Some(target), &format!("it could be, but {} is taken", target.name));
    Ok(Outcome::Target(Box::new(Choice {
        target: target.clone(),
        layout,
        rule,
        others,
        skipped,
        stale: leading_to(target, facts.entries),
    })))
}

/// Numbers of the boot entries that lead to a partition of this disk.
fn leading_to(disk: &Disk, entries: &[(u16, Option<LoadOption>)]) -> Vec<u16> {
    let leads = |option: &LoadOption| option.partition.is_some_and(|id| disk.table.partitions().iter().any(|partition| partition.id == id));
    entries.iter().filter(|(_, option)| option.as_ref().is_some_and(leads)).map(|(number, _)| *number).collect()
}

/// The disk that a person names, `None` when there is none of that name. A partition will never become a disk, and is an error.
fn named<'a>(judged: &[Judged<'a>], wanted: &str) -> Result<Option<&'a Disk>> {
    let doing = format!("choosing the disk {wanted}");
    let mut matching = judged.iter().filter(|(disk, _)| is(disk, wanted));
    let whole = judged.iter().map(|(disk, _)| disk).find(|disk| disk.partitions.iter().any(|name| name == node_name(wanted)));
    match (matching.next(), matching.next(), whole) {
        (Some((disk, Ok(_))), None, _) => Ok(Some(disk)),
        (Some((disk, Err(never))), None, _) => {
            Err(refusal(doing, format!("{} cannot be the target: {}", disk.name, never.reason()), judged))
        }
        (Some(_), Some(_), _) => Err(refusal(doing, "more than one disk answers to it".into(), judged)),
        (None, _, Some(disk)) => Err(refusal(doing, format!("it is a partition of {}: name the whole disk", disk.name), judged)),
        (None, ..) => Ok(None),
    }
}

fn refusal(doing: String, cause: String, judged: &[Judged]) -> Error {
    let mut error = Error::new(Kind::Choice, doing, cause);
    error.details.extend(losers(judged, None, "it could be the target").iter().map(Loser::to_string));
    error
}

/// Every disk but the target, with its reason; `candidate` is that of a disk that could be the target.
fn losers(judged: &[Judged], target: Option<&Disk>, candidate: &str) -> Vec<Loser> {
    let others = judged.iter().filter(|(disk, _)| target.is_none_or(|target| target.name != disk.name));
    let loser = |(disk, verdict): &Judged| Loser {
        disk: (*disk).clone(),
        why: verdict.map_or_else(Never::reason, |_| candidate.into()),
        possible: verdict.is_ok(),
    };
    others.map(loser).collect()
}

impl fmt::Display for Loser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.disk, self.disk.summary(), self.why)
    }
}

/// Whether a word is the name of a disk, whatever may be said of that disk.
pub fn is_name(disks: &[Disk], word: &str) -> bool {
    disks.iter().any(|disk| is(disk, word))
}

/// Whether a person means this disk: kernel name, device path, by-id name, serial number or WWN, to the letter.
fn is(disk: &Disk, wanted: &str) -> bool {
    let name = node_name(wanted);
    let by_id = name.strip_prefix("disk/by-id/").unwrap_or(name);
    name == disk.name
        || by_id::names(disk).iter().any(|name| name == by_id)
        || [&disk.serial, &disk.wwn].iter().any(|id| !id.is_empty() && *id == wanted)
}

/// What follows `/dev/`, or the word itself.
fn node_name(wanted: &str) -> &str {
    wanted.strip_prefix("/dev/").unwrap_or(wanted)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod random_tests;
