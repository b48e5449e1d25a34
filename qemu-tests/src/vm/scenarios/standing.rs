//! Consent in advance: good for one disk, and good once.

use super::{ASK, BOOT, DATA, FAILED, HELD, HELLO, NO, NOISY, NVME, OFF, PROMPT, REFUSED, REFUSES_NOTHING, STEP, STEP_ONE};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, EspHas, KitHas, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, ExpectReset, Forbid, Type};
use crate::vm::scenario::{BASE, Disk, Firmware, Medium, Prefill, Scenario, Vars};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "confirm-once",
        proves: "With its serial number confirmed a disk is erased without a question, and the second run of the same stick asks.",
        firmware: Firmware::Direct,
        disks: &[NVME],
        words: &["install.confirm=UV0001", "install.powerOff=false"],
        script: &[
            Forbid(FAILED),
            Expect("install.confirm=UV0001 agrees to erase nvme0n1", BOOT + PROMPT),
            Expect(STEP_ONE, STEP),
            Expect("autoinstaller: installed ultraviolet on nvme0n1", 5 * STEP),
            ExpectReset(OFF),
            Expect(HELLO, BOOT),
            Expect("install.confirm=UV0001 does not count: it was used already", PROMPT),
            Expect(ASK, PROMPT),
            Type(Serial, "no"),
            ExpectPowerOff(OFF),
        ],
        after: &[
            TargetInstalled(0),
            KitHas("autoinstaller/{guid}-UV0001.txt", "{guid} erased nvme0n1 ("),
            EspHas(0, "autoinstaller/{guid}-UV0001.txt", "{guid} erased nvme0n1 ("),
            BootsInstalled(Vars::Left),
        ],
        ..BASE
    },
    Scenario {
        name: "confirm-once-from-a-disc",
        proves: "The note on the new ESP alone makes the next run ask, where the medium cannot be written.",
        core: false,
        firmware: Firmware::Direct,
        medium: Medium::Cdrom,
        disks: &[NVME],
        words: &["install.confirm=UV0001", "install.powerOff=false"],
        script: &[
            Forbid(FAILED),
            Expect("install.confirm=UV0001 agrees to erase nvme0n1", BOOT + PROMPT),
            Expect("the consent is noted on the disk alone", STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectReset(OFF),
            Expect(HELLO, BOOT),
            Expect("install.confirm=UV0001 does not count: it was used already", PROMPT),
            NO,
        ],
        after: &[TargetInstalled(0), EspHas(0, "autoinstaller/{guid}-UV0001.txt", "{guid} erased nvme0n1 ("), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "confirm-noted-on-the-kit",
        proves: "The note on the kit partition alone makes the next run ask, whatever is on the disk.",
        core: false,
        firmware: Firmware::Direct,
        kit: &[("autoinstaller/{guid}-UV0001.txt", "used\n")],
        disks: &[NOISY],
        words: &["install.confirm=UV0001"],
        script: &[REFUSES_NOTHING, Expect("install.confirm=UV0001 does not count: it was used already", BOOT + PROMPT), NO],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "confirm-another-disk",
        proves: "A confirmed serial number that is not the target's is no consent, and when nobody may be asked that is a refusal.",
        firmware: Firmware::Direct,
        disks: &[NOISY],
        words: &["install.confirm=UV0009", "install.unattended"],
        script: &[
            REFUSED,
            Expect("install.confirm=UV0009 does not count: the target nvme0n1 has another", PROMPT),
            Expect("no disk has the serial number UV0009 of install.confirm: waiting 40 s for it", 10),
            Expect("autoinstaller: failed: asking for consent: install.unattended forbids to ask", 90),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "confirm-shared-serial",
        proves: "A serial number that two disks have is no consent, although one of them is the target.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { serial: "UV0001", prefill: Prefill::Noise, ..DATA }],
        words: &["install.confirm=UV0001", "install.unattended"],
        script: &[
            REFUSED,
            Expect("install.confirm=UV0001 does not count: several disks have this serial number", PROMPT),
            Expect("autoinstaller: failed: asking for consent: install.unattended forbids to ask", 30),
            HELD,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "confirm-the-other-disk",
        proves: "Consent for one disk is none for the other that the rules choose, and does not change their choice: a person is asked.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { prefill: Prefill::Noise, ..DATA }],
        words: &["install.confirm=UV0001"],
        script: &[
            REFUSES_NOTHING,
            Expect("target sd", BOOT + PROMPT),
            Expect("install.confirm=UV0001 does not count: the target sd", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
];
