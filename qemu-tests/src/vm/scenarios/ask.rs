//! The question: what counts as consent, on which console, and that a dry run does not ask.

use super::{ASK, BOOT, FAILED, HELLO, INSTALLED, NVME, OFF, PROMPT, STEP, STEP_ONE, UNTOUCHED};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, TargetInstalled};
use crate::vm::scenario::Console::{Keyboard, Serial};
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Type};
use crate::vm::scenario::{BASE, Disk, Firmware, Prefill, Scenario, Vars};

/// How long a question takes to be asked again.
const AGAIN: u64 = 30;

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "no-confirm",
        proves: "Nothing but the exact word is consent: anything else is asked again, and `no` powers off with the disk untouched.",
        firmware: Firmware::Direct,
        disks: &[Disk { prefill: Prefill::Noise, ..NVME }],
        script: &[
            Forbid(INSTALLED),
            Forbid(FAILED),
            Forbid(STEP_ONE),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, ""),
            Expect(ASK, AGAIN),
            Type(Serial, "YES"),
            Expect(ASK, AGAIN),
            Type(Serial, " yes please"),
            Expect(ASK, AGAIN),
            Type(Serial, "no"),
            Expect(UNTOUCHED, AGAIN),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "keyboard-yes",
        proves: "Consent can be typed on the keyboard of the screen as well as on the serial console.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NVME],
        script: &[
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT),
            Type(Keyboard, "yes"),
            Expect(STEP_ONE, STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "dry-run",
        proves: "A dry run shows the whole plan, asks nothing and writes nothing.",
        firmware: Firmware::Direct,
        disks: &[Disk { prefill: Prefill::Noise, ..NVME }],
        words: &["install.dry-run"],
        script: &[
            Forbid(INSTALLED),
            Forbid(FAILED),
            Forbid(ASK),
            Expect(HELLO, BOOT),
            Expect("wiping old signatures from nvme0n1", PROMPT),
            Expect("formatting nvme0n1p2 (ext4 UV-ROOT)", AGAIN),
            Expect(UNTOUCHED, PROMPT),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
];
