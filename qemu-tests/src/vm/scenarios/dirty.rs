//! Disks with a past: whatever lies on them, an installation leaves one answer to the question what each partition holds.

use super::{ASK, BOOT, FAILED, HELLO, NO_ANSWER, NVME, OFF, PROMPT, STEP, YES};
use crate::vm::scenario::After::{BootsInstalled, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectAll, ExpectPowerOff, ExpectReset, Forbid, Part, Type};
use crate::vm::scenario::{BASE, Dirty, Disk, Firmware, Old, Prefill, Region, SQUATTER, Scenario, Step, Table, Vars};

const fn with(dirty: &'static Dirty) -> Disk {
    Disk { prefill: Prefill::Dirty(dirty), ..NVME }
}

const fn region(from: u64, to: u64, holds: &'static [Old]) -> Region {
    Region { from, to, holds }
}

/// The partitions to come, each with remains at both of its ends.
pub const AT_NEW_ENDS: &[Region] = &[
    region(1, 1025, &[Old::Lvm, Old::Md12, Old::Zfs, Old::Md10]),
    region(1025, 7167, &[Old::Luks2, Old::Btrfs(1), Old::Zfs, Old::Md090]),
    region(7167, 16383, &[Old::Luks1, Old::Bcache, Old::Btrfs(2), Old::Md10]),
];
/// The same, on a disk that was in an array and in a pool as a whole.
const AND_WHOLE: &[Region] =
    &[AT_NEW_ENDS[0], AT_NEW_ENDS[1], AT_NEW_ENDS[2], region(0, 16384, &[Old::Lvm, Old::Md12, Old::Zfs, Old::Md10])];
/// Others that share only the outermost boundaries with those to come.
const ELSEWHERE: &[Region] = &[
    region(1, 513, &[Old::Md11, Old::Btrfs(1), Old::Zfs, Old::Md090]),
    region(513, 9000, &[Old::Luks2, Old::Bcache, Old::Btrfs(2), Old::Md10]),
    region(9000, 16383, &[Old::Lvm, Old::Md12, Old::Zfs, Old::Md090]),
];

const TO_THE_END: Step = Part(&[Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP), ExpectPowerOff(OFF)]);
const INSTALLS: &[Step] = &[Forbid(FAILED), Expect(HELLO, BOOT), YES, TO_THE_END];
const ONE_BAD_HEADER: &[Step] =
    &[Forbid(FAILED), Expect("16.0 GiB, nvme): GPT with one", BOOT + PROMPT), Expect("bad header", 10), YES, TO_THE_END];

/// A row of this file.
const ROW: Scenario = Scenario {
    core: false,
    firmware: Firmware::Direct,
    script: INSTALLS,
    after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
    ..BASE
};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "dirty-no-table",
        proves: "Remains at both ends of the disk and of the partitions to come, which no table leads to any more, are gone afterwards.",
        core: true,
        disks: &[with(&Dirty { table: Table::None, regions: AND_WHOLE })],
        ..ROW
    },
    Scenario {
        name: "dirty-broken-first",
        proves: "A GPT that only its copy at the end can tell stops nothing, nor do remains in its partitions.",
        disks: &[with(&Dirty { table: Table::BrokenFirst, regions: ELSEWHERE })],
        script: ONE_BAD_HEADER,
        ..ROW
    },
    Scenario {
        name: "dirty-broken-backup",
        proves: "A GPT whose copy at the end is broken stops nothing, and that copy is made anew.",
        disks: &[with(&Dirty { table: Table::BrokenBackup, regions: AT_NEW_ENDS })],
        script: ONE_BAD_HEADER,
        ..ROW
    },
    Scenario {
        name: "dirty-broken-both",
        proves: "A GPT of which both copies are broken stops nothing.",
        disks: &[with(&Dirty { table: Table::BrokenBoth, regions: ELSEWHERE })],
        ..ROW
    },
    Scenario {
        name: "dirty-in-use",
        proves: "A swap area on the disk that something else took into use is let go of, and the disk is installed.",
        disks: &[with(&Dirty { table: Table::Twins, regions: &[region(1, 513, &[]), region(513, 1537, &[Old::Swap])] })],
        kernel_words: &[SQUATTER],
        script: &[
            Forbid(FAILED),
            ExpectAll(&["SQUATTING", ASK], BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: nvme0n1p2 is used as swap: letting go of it", STEP),
            TO_THE_END,
        ],
        ..ROW
    },
    Scenario {
        name: "dirty-hybrid",
        proves: "Partitions that an MBR shows besides the GPT are gone afterwards.",
        disks: &[with(&Dirty { table: Table::Hybrid, regions: ELSEWHERE })],
        ..ROW
    },
    Scenario {
        name: "dirty-twins",
        proves: "Old partitions that all have the same GUID stop nothing, and the new ones have one each.",
        disks: &[with(&Dirty { table: Table::Twins, regions: AT_NEW_ENDS })],
        ..ROW
    },
    Scenario {
        name: "second-run",
        proves: "What an installation left is installed over by the next one.",
        disks: &[NVME],
        words: &["install.powerOff=false"],
        script: &[
            Forbid(FAILED),
            Forbid(NO_ANSWER),
            Expect(HELLO, BOOT),
            YES,
            Expect("autoinstaller: installed {host} on nvme0n1", 2 * STEP),
            ExpectReset(OFF),
            Expect(HELLO, BOOT),
            Expect("nvme0n1 has 3 partitions now, which WILL ALL BE LOST", PROMPT),
            YES,
            Expect("autoinstaller: installed {host} on nvme0n1", 2 * STEP),
            ExpectReset(OFF),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "no"),
            ExpectPowerOff(OFF),
        ],
        ..ROW
    },
];
