//! What must hold for any machine whatever: thousands of them at random, from a seed, so that a failure can be repeated.

use std::collections::BTreeSet;

use super::tests::{GIB, disk, entry, outcome, part, with_table};
use super::*;
use crate::decide::Transport;
use crate::facts::table::Table;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// True once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn of<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len() as u64) as usize]
    }

    fn shuffled<T: Clone>(&mut self, these: &[T]) -> Vec<T> {
        let mut these = these.to_vec();
        (1..these.len()).for_each(|n| these.swap(n, self.below(n as u64 + 1) as usize));
        these
    }
}

struct Machine {
    disks: Vec<Disk>,
    entries: Vec<(u16, Option<LoadOption>)>,
    words: String,
}

/// Disks with all that can be said against them, few sizes and few GUIDs, so that ties, clones and entries that lead somewhere are common.
fn machine(random: &mut Random) -> Machine {
    let count = 1 + random.below(6);
    let disks = (1..=count).map(|number| random_disk(random, number)).collect();
    let entries = (0..random.below(4) as u16).map(|number| {
        let mut entry = entry(number, Some(part(random.below(4) as u8, random.below(2) as u8)));
        entry.1 = entry.1.filter(|_| !random.once_in(9)).map(|option| LoadOption { active: !random.once_in(5), ..option });
        entry
    });
    let entries = entries.collect();
    let number = 1 + random.below(count);
    let words = match random.below(6) {
        0 => format!("install.disk={}", kernel_name(number)),
        1 => format!("install.disk=S{number}"),
        _ => String::new(),
    };
    Machine { disks, entries, words }
}

fn kernel_name(number: u64) -> String {
    format!("sd{}", char::from(b'a' + number as u8))
}

fn random_disk(random: &mut Random, number: u64) -> Disk {
    let area = random.once_in(12);
    let name = if area { format!("mmcblk{number}{}", random.of(&["boot0", "rpmb", "gp1"])) } else { kernel_name(number) };
    let plain = Disk {
        diskseq: number,
        serial: random.of(&[format!("S{number}").as_str(), "S1", ""]).into(),
        ours: random.once_in(7),
        removable: random.once_in(7),
        read_only: random.once_in(9),
        optical: random.once_in(12),
        sd_card: random.once_in(9),
        untold: random.of(&[None, None, None, None, None, None, None, None, Some("size")]),
        sector: random.of(&[512, 512, 4096, 520]),
        transport: random.of(&[Transport::Nvme, Transport::Ata, Transport::Mmc, Transport::Usb]),
        ..disk(&name, random.of(&[0, 2, 16, 16, 32, 4000]))
    };
    match random.below(9) {
        0..4 => plain,
        4 => Disk { table: Table::Unreadable, ..plain },
        _ => with_table(plain, random.below(4) as u8, random.once_in(2), random.below(4) as u32),
    }
}

/// Never the target, not even by name.
fn protected(disk: &Disk) -> bool {
    let area = ["boot", "rpmb", "gp"].iter().any(|area| disk.name.contains(area));
    let none = disk.bytes < 4 * GIB || disk.untold.is_some() || !matches!(disk.sector, 512 | 4096);
    disk.ours || disk.optical || disk.read_only || area || none
}

/// Not the target unless it is named.
fn external(disk: &Disk) -> bool {
    disk.removable || disk.sd_card || disk.transport == Transport::Usb || disk.table == Table::Unreadable
}

/// Which disk by its sequence number, and the rule; or why none.
fn result(machine: &Machine) -> std::result::Result<(u64, Rule), String> {
    match outcome(&machine.disks, &machine.entries, &machine.words) {
        Ok(Outcome::Target(choice)) => Ok((choice.target.diskseq, choice.rule)),
        Ok(Outcome::Open(error)) => Err(error.cause),
        Err(error) => Err(error.to_string()),
    }
}

/// The sentences about the disks that are not the target, and about entries, in no order.
fn sentences(machine: &Machine) -> BTreeSet<String> {
    match outcome(&machine.disks, &machine.entries, &machine.words) {
        Ok(Outcome::Target(choice)) => choice.others.iter().map(Loser::to_string).chain(choice.skipped).collect(),
        Ok(Outcome::Open(why)) => why.refusal().details.iter().cloned().collect(),
        Err(error) => error.details.iter().cloned().collect(),
    }
}

/// The same disks under each other's names, as another order of detection gives them.
fn renamed(random: &mut Random, disks: &[Disk]) -> Vec<Disk> {
    let plain = |disk: &&Disk| disk.name.starts_with("sd");
    let names: Vec<String> = disks.iter().filter(plain).map(|disk| disk.name.clone()).collect();
    let mut names = random.shuffled(&names).into_iter();
    let mut disks = disks.to_vec();
    for disk in disks.iter_mut().filter(|disk| disk.name.starts_with("sd")) {
        disk.name = names.next().unwrap();
        let numbers = disk.table.partitions().iter().map(|partition| partition.number).collect::<Vec<_>>();
        disk.partitions = numbers.into_iter().map(|number| disk.partition(number)).collect();
    }
    disks
}

#[test]
fn for_any_machine_the_protected_are_safe_and_neither_order_nor_names_matter() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut seen = BTreeSet::new();
    for _ in 0..4000 {
        let machine = machine(&mut random);
        let result = result(&machine);
        if let Ok((diskseq, rule)) = &result {
            let target = machine.disks.iter().find(|disk| disk.diskseq == *diskseq).unwrap();
            assert!(!protected(target), "{target:?}");
            assert!(*rule == Rule::Named || !external(target), "{target:?}");
            seen.insert(format!("{rule:?}").split('(').next().unwrap_or_default().to_string());
        } else {
            seen.insert("Open".into());
        }
        let shuffled = Machine { disks: random.shuffled(&machine.disks), entries: machine.entries.clone(), words: machine.words.clone() };
        assert_eq!((self::result(&shuffled), sentences(&shuffled)), (result.clone(), sentences(&machine)));
        if !machine.words.contains("=sd") {
            let renamed = Machine { disks: renamed(&mut random, &machine.disks), ..machine };
            assert_eq!(self::result(&renamed).map_err(drop), result.map_err(drop), "{:?}", renamed.disks);
        }
    }
    // Otherwise the machines are not what they should be.
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["BootEntry", "Esp", "Largest", "Named", "Only", "Open", "Partitions"]);
}
