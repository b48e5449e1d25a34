//! Machines with several disks: each rule of the choice, in the order in which they count, and what a person can say against it.

use super::{
    ASK, BOOT, DATA, FAILED, HELD, INSTALLED, LINUX, NO, NO_ANSWER, NOISY, NVME, OFF, PROMPT, REFUSED, REFUSES_NOTHING, STEP, STEP_ONE,
    SYSTEM, YES,
};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, KitHas, TargetInstalled};
use crate::vm::scenario::Console::{Keyboard, Serial};
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Type};
use crate::vm::scenario::{BASE, Bus, Disk, Entry, Firmware, Prefill, Scenario, Vars};

/// What is asked when no rule tells disks apart.
const TIE: &str = "more than one disk could be the target";

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "entry-names-the-smaller",
        proves: "The disk that the firmware boots is installed, although another is larger and has more partitions, and that one keeps every byte.",
        firmware: Firmware::Direct,
        disks: &[SYSTEM, DATA],
        entries: &[LINUX],
        script: &[
            Forbid(FAILED),
            Expect("it could be, but nvme0n1 is taken", BOOT + PROMPT),
            Expect("target nvme0n1 (QEMU NVMe Ctrl, serial UV0001, 16.0 GiB, nvme): GPT", 10),
            Expect("chosen because the firmware boots it: Boot0003 \"Linux Boot Manager\"", 10),
            Expect("nvme0n1 has 2 partitions now, which WILL ALL BE LOST", 10),
            Expect(ASK, PROMPT),
            Type(Serial, "yes"),
            Expect(STEP_ONE, STEP),
            Expect("autoinstaller: installed ultraviolet on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), DiskUnchanged(1), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "entries-passed-over",
        proves: "Boot entries that are inactive or lead to no disk are passed over, and the log has the reason for each.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM, DATA],
        entries: &[
            Entry { number: 1, description: "Gone", partition: [99; 16], active: true },
            Entry { number: 2, description: "Off", partition: [7; 16], active: false },
            LINUX,
        ],
        words: &["install.unattended"],
        script: &[
            REFUSED,
            Expect("target nvme0n1 (", PROMPT),
            Expect("chosen because the firmware boots it: Boot0003", 10),
            Expect("autoinstaller: failed: asking for consent: install.unattended forbids to ask", 30),
            HELD,
        ],
        after: &[
            DiskUnchanged(0),
            DiskUnchanged(1),
            KitHas("autoinstaller.log", "Boot0001 \"Gone\" is passed over: no disk has its partition 63636363-"),
            KitHas("autoinstaller.log", "Boot0002 \"Off\" is passed over: it is not active"),
        ],
        ..BASE
    },
    Scenario {
        name: "esp-rule",
        proves: "Without a boot entry the one disk with an ESP is taken.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM, Disk { prefill: Prefill::Table { esp: false, ids: &[7, 8, 9, 10] }, ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Expect("target nvme0n1 (", BOOT + PROMPT),
            Expect("chosen because it alone has an EFI system partition", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "partitions-rule",
        proves: "Among disks with an ESP the one with the most partitions is taken.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM, Disk { mib: 13 * 1024, ..DATA }],
        script: &[REFUSES_NOTHING, Expect("target sd", BOOT + PROMPT), Expect("serial DATA01", 10), Expect("it has the most", 10), NO],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "largest-rule",
        proves: "Among disks without partitions the largest is taken.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { prefill: Prefill::Noise, ..DATA }],
        script: &[REFUSES_NOTHING, Expect("target sd", BOOT + PROMPT), Expect("serial DATA01", 10), Expect("it is the largest", 10), NO],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "tie-answered",
        proves: "Two equal disks are a question, to which yes is no answer, nor another spelling of a serial number; the proper one makes a plan.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { serial: "UV0002", ..NOISY }],
        script: &[
            Forbid(FAILED),
            Forbid(INSTALLED),
            Forbid(STEP_ONE),
            Expect(TIE, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect(NO_ANSWER, 30),
            Expect(TIE, 30),
            Type(Keyboard, "uv0002"),
            Expect(NO_ANSWER, 30),
            Expect(TIE, 30),
            Type(Serial, "UV0002"),
            Expect("nothing recognised; it could be, but ", 30),
            Expect("serial UV0002, 16.0 GiB, nvme): ", 30),
            Expect("chosen because its name was typed", 10),
            Expect(ASK, PROMPT),
            Type(Serial, "no"),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "another-disk-typed",
        proves: "The name of another disk replaces the plan, and only that disk is written.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM, DATA],
        entries: &[LINUX],
        script: &[
            Forbid(FAILED),
            Expect("target nvme0n1 (", BOOT + PROMPT),
            Expect(ASK, PROMPT),
            Type(Serial, "DATA01"),
            Expect("target sd", 30),
            Expect("chosen because its name was typed", 10),
            Expect(ASK, 30),
            Type(Keyboard, "yes"),
            Expect("autoinstaller: installed ultraviolet on sd", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), TargetInstalled(1), BootsInstalled(Vars::Fresh)],
        ..BASE
    },
    Scenario {
        name: "tie-installed",
        proves: "When no rule tells two disks apart, the name of one typed on the keyboard, and yes on the serial line, install that one.",
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { bus: Bus::Virtio, serial: "UV0002", ..NVME }],
        script: &[
            Forbid(FAILED),
            Expect(TIE, BOOT + PROMPT),
            Type(Keyboard, "vda"),
            Expect("target vda (", 30),
            Expect("chosen because its name was typed", 10),
            YES,
            Expect("autoinstaller: installed {host} on vda", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), TargetInstalled(1), BootsInstalled(Vars::Left)],
        ..BASE
    },
];
