//! Machines with one console, and which of two is answered.

use super::{ASK, BOOT, DATA, FAILED, NVME, OFF, PROMPT, REFUSES_NOTHING, STEP, STEP_ONE, SYSTEM, UNTOUCHED, YES};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, TargetInstalled};
use crate::vm::scenario::Console::{Keyboard, Serial};
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, ExpectScreen, Forbid, Picture, Type};
use crate::vm::scenario::{BASE, Consoles, Firmware, Scenario, Vars};

/// The first line of the page that a question stands under.
const HEAD: &str = "autoinstaller: this medium installs {host}";

pub const ROWS: &[Scenario] = &[
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
        name: "both-consoles",
        proves: "The question stands on the screen and on the serial line, whole, and a person at either can answer it.",
        core: false,
        firmware: Firmware::DirectBios,
        disks: &[SYSTEM, DATA],
        words: &["install.force-uefi"],
        script: &[
            REFUSES_NOTHING,
            Expect(ASK, BOOT + PROMPT),
            ExpectScreen(&[HEAD, "target sd", ASK], 30),
            Picture("question.png"),
            Type(Serial, "nvme0n1"),
            Expect("target nvme0n1 (", 30),
            Expect(ASK, 30),
            ExpectScreen(&[HEAD, "target nvme0n1 (", ASK], 30),
            Type(Keyboard, "no"),
            Expect(UNTOUCHED, 30),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "serial-only",
        proves: "A machine without a screen is installed over its serial line.",
        core: false,
        firmware: Firmware::Direct,
        consoles: Consoles::Serial,
        disks: &[NVME],
        script: &[Forbid(FAILED), YES, Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP), ExpectPowerOff(OFF)],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "screen-only",
        proves: "A machine without a serial console is installed by somebody who reads the screen and types on the keyboard.",
        core: false,
        firmware: Firmware::DirectBios,
        consoles: Consoles::Screen,
        disks: &[NVME],
        words: &["install.force-uefi"],
        script: &[
            Forbid(FAILED),
            ExpectScreen(&[HEAD, "target nvme0n1 (", ASK], BOOT + PROMPT),
            Picture("question.png"),
            Type(Keyboard, "yes"),
            ExpectScreen(&["autoinstaller: installed {host} on nvme0n1"], 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..BASE
    },
];
