//! The choice of the disk on machines of all kinds: fake trees of sysfs, sparse files for disks, and variables of the firmware, looked at by
//! the code that looks at real ones. The machines are in `table/`, and `README.md` explains the words they are described in.
#![allow(clippy::unwrap_used, reason = "a machine that cannot be built is a failed test")]

mod contents;
mod firmware;
mod machine;
mod outcome;
mod sysfs;
mod text;

use std::collections::BTreeSet;
use std::path::Path;

use text::Topology;

fn table() -> Vec<Topology> {
    text::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/topologies/table"))
}

#[test]
fn every_machine_of_the_table_comes_out_as_it_says() {
    let wrong: Vec<String> = table().iter().inspect(|machine| println!("{}", machine.place)).filter_map(outcome::compare).collect();
    assert!(wrong.is_empty(), "{} machines come out differently:\n{}", wrong.len(), wrong.concat());
}

#[test]
fn what_a_wrong_table_says_is_reported_line_by_line() {
    let table = "machine With a wrong winner, no word about the stick, and contents that are not there\n\
                 stick sda\n\
                 disk nvme0n1 nvme 512GB\n\
                 => target sda: install.disk= names it\n\
                 => nvme0n1 shows GPT\n";
    let [wrong] = &text::topologies("a-file", table)[..] else { panic!("one machine") };
    let report = "a-file:1 With a wrong winner, no word about the stick, and contents that are not there\n  \
                  expected: nvme0n1 shows GPT\n  \
                  expected: target sda: install.disk= names it\n  \
                  got:      nvme0n1 shows nothing recognised\n  \
                  got:      sda: it carries the installer's own medium\n  \
                  got:      target nvme0n1: no other disk can be the target\n";
    assert_eq!(outcome::compare(wrong).as_deref(), Some(report));
}

#[test]
fn disks_that_are_not_named_are_counted_and_a_line_stands_once() {
    let machine = |expected: &str| {
        let table = format!(
            "machine A\nstick sda\nrack 2 sas 4TB\ndisk nvme0n1 nvme 8TB\n=> target nvme0n1: it is the largest of those that remain\n{expected}"
        );
        outcome::compare(&text::topologies("a-file", &table)[0])
    };
    let stick = "=> sda: it carries the installer's own medium\n";
    assert_eq!(machine(&format!("{stick}=> 2 others: it could be\n")), None);
    let three = machine(&format!("{stick}=> 3 others: it could be\n")).unwrap();
    assert_eq!(three, "a-file:1 A\n  expected: 3 others: it could be\n  got:      2 others: it could be\n");
    let twice = machine(&format!("{stick}{stick}=> 2 others: it could be\n")).unwrap();
    assert_eq!(twice, "a-file:1 A\n  expected: sda: it carries the installer's own medium\n");
}

/// How every rule, every reason against a disk or an entry, and every refusal begins behind its subject.
const SAID: [&str; 39] = [
    ": install.disk= names it",
    ": its name was typed",
    ": no other disk can be the target",
    ": the firmware boots it: Boot",
    ": it alone has an EFI system partition",
    ": it has the most partitions of those that remain",
    ": it is the largest of those that remain",
    ": it could be",
    ": it carries the installer's own medium",
    ": it is an optical drive",
    ": the kernel does not tell its",
    ": it is virtual media of a management controller",
    ": it has no medium in it",
    ": the kernel gives it no size",
    ": it is a boot or RPMB area of an eMMC",
    ": it is a general purpose area of an eMMC",
    ": it is read-only",
    ": its logical sectors have",
    ": its medium is removable",
    ": it is attached by USB",
    ": it is an SD card",
    ": it must be named",
    ": it is too small:",
    " is passed over: it cannot be read",
    " is passed over: it is not active",
    " is passed over: it names no partition of a GPT",
    " is passed over: sda cannot be the target",
    " is passed over: no disk has its partition",
    " is passed over: several disks have its partition",
    "asks: no disk can be the target",
    "asks: more than one disk could be the target",
    "asks: a disk cannot be read",
    "no driver for the storage controller",
    "it is a partition of ",
    "is no disk's name, path, by-id name, serial number or WWN",
    ": more than one disk answers to it",
    " cannot be the target: it is too small",
    "refuses: looking for the medium we booted from: no disk carries the image",
    "refuses: listing the disks: there are more than",
];

#[test]
fn the_table_has_every_rule_and_every_reason() {
    let table = table();
    let names: BTreeSet<&str> = table.iter().map(|topology| topology.name.as_str()).collect();
    assert!(names.len() == table.len() && table.len() >= 60, "{} machines, {} names", table.len(), names.len());
    let expected: Vec<&String> = table.iter().flat_map(|topology| &topology.expected).collect();
    let missing: Vec<&str> = SAID.into_iter().filter(|said| !expected.iter().any(|line| line.contains(said))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
