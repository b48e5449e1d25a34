//! Which disk will be erased. Pure, and never a guess: what the rules cannot settle is a question, and what a person names must be one disk.

use super::by_id;
use super::verdict::{Judged, Never, judge, sentence};
use super::{Disk, Layout};
use crate::error::{Error, Kind, Result};
use crate::facts::load_option::LoadOption;
use crate::settings::Settings;

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

/// The rule that singled the target out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `install.disk=` names it.
    Named,
    /// A person typed its name.
    Typed,
    /// There is no other candidate.
    Only,
    /// A boot entry of the firmware leads to it: number and description.
    BootEntry(u16, String),
    /// It alone has an EFI system partition.
    Esp,
    /// It has the most partitions.
    Partitions,
    /// It is the largest.
    Largest,
}

impl Rule {
    /// The end of `chosen because …`.
    pub fn because(&self) -> String {
        match self {
            Rule::Named => "install.disk= names it".into(),
            Rule::Typed => "its name was typed".into(),
            Rule::Only => "no other disk can be the target".into(),
            Rule::BootEntry(number, description) => format!("the firmware boots it: Boot{number:04X} \"{description}\""),
            Rule::Esp => "it alone has an EFI system partition".into(),
            Rule::Partitions => "of those that the rules before this leave, it has the most partitions".into(),
            Rule::Largest => "of those that the rules before this leave, it is the largest".into(),
        }
    }
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
    /// The others: a sentence each.
    pub others: Vec<String>,
    /// Boot entries that were passed over, a sentence each.
    pub skipped: Vec<String>,
}

/// What the rules led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// One disk.
    Target(Box<Choice>),
    /// Not one disk: why, with a sentence for every disk. A refusal, unless a person can be asked.
    Open(Error),
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
    let (target, rule, skipped) = match wanted {
        Some(wanted) => (named(&judged, wanted)?, if typed.is_some() { Rule::Typed } else { Rule::Named }, Vec::new()),
        None => {
            let candidates: Vec<&Disk> = judged.iter().filter(|(_, verdict)| verdict.is_ok()).map(|(disk, _)| *disk).collect();
            let open = |cause: &str, more: &[String]| {
                let mut error = refusal("choosing the disk", cause, &judged);
                error.details.extend_from_slice(more);
                Ok(Outcome::Open(error))
            };
            if candidates.is_empty() {
                return open("no disk can be the target", facts.driverless);
            }
            if judged.iter().any(|(_, verdict)| matches!(verdict, Err(Never::Unreadable | Never::Untold(_)))) {
                return open("a disk cannot be read, and the rules could mistake another for it", &[]);
            }
            let (winner, skipped) = by_rules(&candidates, facts);
            match winner {
                Some((disk, rule)) => (disk, rule, skipped),
                None => return open("more than one disk could be the target", &skipped),
            }
        }
    };
    let layout = judged.iter().find(|(disk, _)| disk.name == target.name).and_then(|(_, verdict)| verdict.ok());
    let layout = layout.ok_or_else(|| refusal("choosing the disk", "the target has no layout", &judged))?;
    let others: Vec<Judged> = judged.iter().filter(|(disk, _)| disk.name != target.name).cloned().collect();
    let others = sentences(&others, &format!("it could be, but {} is taken: {}", target.name, rule.because()));
    Ok(Outcome::Target(Box::new(Choice { target: target.clone(), layout, rule, others, skipped })))
}

fn named<'a>(judged: &[Judged<'a>], wanted: &str) -> Result<&'a Disk> {
    let doing = format!("choosing the disk {wanted}");
    let mut matching = judged.iter().filter(|(disk, _)| is(disk, wanted));
    match (matching.next(), matching.next()) {
        (Some((disk, Ok(_))), None) => Ok(disk),
        (Some((disk, Err(never))), None) => Err(refusal(doing, format!("{} cannot be the target: {}", disk.name, never.reason()), judged)),
        (Some(_), Some(_)) => Err(refusal(doing, "more than one disk answers to it", judged)),
        (None, _) => Err(refusal(doing, "no disk has this name, by-id name, serial number or WWN", judged)),
    }
}

type Winner<'a> = Option<(&'a Disk, Rule)>;

/// The rules in their order. A tie goes to the next rule, among those that are tied.
fn by_rules<'a>(candidates: &[&'a Disk], facts: Facts) -> (Winner<'a>, Vec<String>) {
    if let [only] = candidates {
        return (Some((only, Rule::Only)), Vec::new());
    }
    let (winner, skipped) = by_boot_entry(candidates, facts);
    if winner.is_some() {
        return (winner, skipped);
    }
    let mut tied: Vec<&Disk> = candidates.to_vec();
    for (rule, rank) in [
        (Rule::Esp, (|disk: &Disk| u64::from(disk.has_esp())) as fn(&Disk) -> u64),
        (Rule::Partitions, |disk| disk.partitions.len() as u64),
        (Rule::Largest, |disk| disk.bytes),
    ] {
        let best = tied.iter().map(|disk| rank(disk)).max().unwrap_or(0);
        tied.retain(|disk| rank(disk) == best);
        if let [winner] = tied.as_slice() {
            return (Some((winner, rule)), skipped);
        }
    }
    (None, skipped)
}

/// The first boot entry that leads to a partition of exactly one candidate, and why those before it do not.
fn by_boot_entry<'a>(candidates: &[&'a Disk], facts: Facts) -> (Winner<'a>, Vec<String>) {
    let mut skipped = Vec::new();
    for (number, entry) in facts.entries {
        let Some(entry) = entry else {
            skipped.push(format!("Boot{number:04X} is passed over: it cannot be read"));
            continue;
        };
        let why = match entry.partition {
            _ if !entry.active => "it is not active".into(),
            None => "it names no partition of a GPT".into(),
            Some(id) => {
                let has = |disk: &&Disk| disk.table.partitions().iter().any(|partition| partition.id == id);
                let owners: Vec<&Disk> = facts.disks.iter().filter(has).collect();
                match (owners.as_slice(), candidates.iter().find(|disk| has(disk))) {
                    ([_], Some(disk)) => return (Some((disk, Rule::BootEntry(*number, entry.description.clone()))), skipped),
                    ([owner], None) => format!("{} cannot be the target", owner.name),
                    ([], _) => format!("no disk has its partition {id}"),
                    _ => format!("several disks have its partition {id}"),
                }
            }
        };
        skipped.push(format!("Boot{number:04X} \"{}\" is passed over: {why}", entry.description));
    }
    (None, skipped)
}

fn refusal(doing: impl Into<String>, cause: impl Into<String>, judged: &[Judged]) -> Error {
    let mut error = Error::new(Kind::Choice, doing, cause.into());
    error.details = sentences(judged, "it could be the target");
    if error.details.is_empty() {
        error.details.push("the kernel shows no disk at all: check the cables, and that the firmware's RAID or VMD mode is off".into());
    }
    error
}

fn sentences(judged: &[Judged], candidate: &str) -> Vec<String> {
    judged.iter().map(|(disk, verdict)| sentence(disk, verdict, candidate)).collect()
}

/// Whether a word is the name of a disk, whatever may be said of that disk.
pub fn is_name(disks: &[Disk], word: &str) -> bool {
    disks.iter().any(|disk| is(disk, word))
}

/// Whether a person means this disk: kernel name, device path, by-id name, serial number or WWN, to the letter.
fn is(disk: &Disk, wanted: &str) -> bool {
    let name = wanted.strip_prefix("/dev/").unwrap_or(wanted);
    let by_id = name.strip_prefix("disk/by-id/").unwrap_or(name);
    name == disk.name
        || by_id::names(disk).iter().any(|name| name == by_id)
        || [&disk.serial, &disk.wwn].iter().any(|id| !id.is_empty() && *id == wanted)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod random_tests;
