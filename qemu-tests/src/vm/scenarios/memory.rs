//! Machines with as little memory as is enough, and with less.

use super::flake::{NEVER, READY, REFUSED as NOT_BUILT, SSH};
use super::{ASK, BOOT, FAILED, HELD, NOISY, NVME, OFF, PROMPT, REFUSED, STEP, UNTOUCHED, YES};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, KitHas, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Type};
use crate::vm::scenario::{BASE, Scenario, Vars};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "memory-smallest",
        proves: "A machine with 256 MiB of memory installs the system that is on the stick.",
        core: false,
        ram_mib: 256,
        disks: &[NVME],
        script: &[
            Forbid(FAILED),
            Expect("target nvme0n1 (", BOOT + PROMPT),
            YES,
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..BASE
    },
    Scenario {
        name: "memory-too-little",
        proves: "A machine with 224 MiB of memory is refused before the question, with what would do.",
        core: false,
        ram_mib: 224,
        disks: &[NOISY],
        script: &[
            REFUSED,
            Expect("autoinstaller: failed: looking at the memory: this machine has 1", PROMPT),
            Expect(" MiB to give; installing from the stick needs 184 of them, as a machine with 256 MiB has", 10),
            Expect(UNTOUCHED, 10),
            Expect("1. give the machine more memory", 30),
            HELD,
        ],
        after: &[DiskUnchanged(0), KitHas("autoinstaller.log", "failed: looking at the memory: ")],
        ..BASE
    },
    Scenario {
        name: "memory-smallest-to-build",
        proves: "A machine with 640 MiB of memory builds its system and installs it.",
        ram_mib: 640,
        script: &[
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT + READY),
            Type(Serial, "yes"),
            Expect("autoinstaller: installed {host} on nvme0n1", 8 * STEP),
            ExpectPowerOff(OFF),
        ],
        ..SSH
    },
    Scenario {
        name: "memory-too-little-to-build",
        proves: "A machine that is to build its system with 576 MiB of memory is refused before it asks any server.",
        ram_mib: 576,
        script: &[
            NEVER,
            Forbid("checking the network"),
            Expect("autoinstaller: failed: looking at the memory: this machine has ", BOOT + PROMPT),
            Expect(" MiB to give; building a system needs 568 of them, as a machine with 640 MiB has", 10),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        ..NOT_BUILT
    },
];
