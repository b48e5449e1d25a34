//! A kit partition that is full, damaged or not there.

use super::{BOOT, FAILED, HELD, NOISY, NVME, OFF, PROMPT, REFUSED, STEP, STEP_ONE, UNTOUCHED, YES};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, EspHas, KitLacks, TargetInstalled};
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Part};
use crate::vm::scenario::{BASE, Fault, Firmware, Scenario, Step, Vars};

const AGE: (&str, &str) = ("age/ultraviolet.agekey", "# created by hand\nAGE-SECRET-KEY-1NOT-A-REAL-ONE\n");
/// The root directory is readable whatever became of the others, and with it this.
const SETTINGS: (&str, &str) = ("settings", "labels.efi=KIT-ESP\n");

/// What is wrong with the kit is on the page that is answered, too.
const WARNED: Step = Expect("warning: nothing of the kit partition is used, it cannot be read", PROMPT);
const TO_THE_END: Step = Part(&[Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP), ExpectPowerOff(OFF)]);

const ROW: Scenario = Scenario { core: false, firmware: Firmware::Direct, ..BASE };

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "kit-full",
        proves: "Where a full kit has no room for the note of a consent the disk alone has it, and the system is installed.",
        fault: Fault::KitFull,
        disks: &[NVME],
        words: &["install.confirm=UV0001"],
        script: &[
            Forbid(FAILED),
            Expect("install.confirm=UV0001 agrees to erase nvme0n1", BOOT + PROMPT),
            Expect("No space left on device (os error 28): the consent is noted on the disk alone", STEP),
            Expect(STEP_ONE, STEP),
            TO_THE_END,
        ],
        after: &[
            TargetInstalled(0),
            KitLacks("autoinstaller"),
            EspHas(0, "autoinstaller/{guid}-UV0001.txt", "{guid} erased nvme0n1 ("),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "kit-full-refused",
        proves: "Where a full kit has no room for the log of a failure the screen says so and where it is, and no half of it stays behind.",
        fault: Fault::KitFull,
        disks: &[NOISY],
        words: &["install.requireAgeKey"],
        script: &[
            REFUSED,
            Expect("failed: looking for age/ultraviolet.agekey on the kit partition: there is none, and requireAgeKey is set", PROMPT),
            Expect(UNTOUCHED, 30),
            Expect("log: only in memory, ", 10),
            Expect("No space left on device", 10),
            HELD,
        ],
        after: &[DiskUnchanged(0), KitLacks("autoinstaller.log")],
        ..ROW
    },
    Scenario {
        name: "kit-damaged",
        proves: "Of a kit that can be read by half nothing counts, not even consent in advance, nothing is written to it, and whoever says yes gets a system.",
        kit: &[AGE, SETTINGS],
        fault: Fault::KitDamaged,
        disks: &[NVME],
        words: &["install.confirm=UV0001"],
        script: &[
            Forbid(FAILED),
            Forbid("KIT-ESP"),
            Forbid("placing "),
            Expect("the kit partition cannot be read, and nothing of it is used: age: ", BOOT + PROMPT),
            WARNED,
            Expect("install.confirm=UV0001 does not count: the kit partition cannot be read", 10),
            YES,
            TO_THE_END,
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "kit-damaged-required",
        proves: "Where a key of a damaged kit is required nobody is asked, the disk is as it was, and no log is written over what is left of the kit.",
        kit: &[AGE, SETTINGS],
        fault: Fault::KitDamaged,
        disks: &[NOISY],
        words: &["install.requireAgeKey"],
        script: &[
            REFUSED,
            Expect("failed: reading the kit partition: age: ", PROMPT),
            Expect(", and requireAgeKey is set", 10),
            Expect(UNTOUCHED, 30),
            Expect("log: only in memory, ", 10),
            Expect("it cannot be read, and is left as it is", 10),
            HELD,
        ],
        after: &[DiskUnchanged(0), KitLacks("autoinstaller.log")],
        ..ROW
    },
    Scenario {
        name: "kit-absent",
        proves: "A stick without a kit partition installs, and says before the question that there is none.",
        fault: Fault::KitAbsent,
        disks: &[NVME],
        script: &[
            Forbid(FAILED),
            Expect("the kit partition cannot be read, and nothing of it is used: there is none", BOOT + PROMPT),
            WARNED,
            YES,
            TO_THE_END,
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
];
