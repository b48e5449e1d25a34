//! The rules that single one disk out, in their order. A tie goes to the next rule; a last tie is nobody's to break here.

use super::Disk;
use super::choice::Facts;

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
            Rule::Partitions => "it has the most partitions of those that remain".into(),
            Rule::Largest => "it is the largest of those that remain".into(),
        }
    }
}

/// The disk that a rule singles out, and the rule.
pub(super) type Winner<'a> = Option<(&'a Disk, Rule)>;

/// The rules in their order. A tie goes to the next rule, among those that are tied.
pub(super) fn by_rules<'a>(candidates: &[&'a Disk], facts: Facts) -> (Winner<'a>, Vec<String>) {
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
