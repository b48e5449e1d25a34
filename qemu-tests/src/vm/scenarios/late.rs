//! Disks that come and go: before there is a target, and under the question.

use super::{ASK, BOOT, DATA, FAILED, NO, NO_ANSWER, NOISY, NVME, OFF, PROMPT, REFUSES_NOTHING, STEP, YES};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Plug, Pull, Send, Type, Wait};
use crate::vm::scenario::{BASE, Bus, Disk, Firmware, Scenario, Vars};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "first-disk-plugged-in-late",
        proves: "Without any disk that could be the target the installer waits, and a disk that is plugged in then can be named.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { mib: 1024, ..NOISY }, Disk { bus: Bus::UsbLater, ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Expect("it is too small: 1.0 GiB where ", BOOT + PROMPT),
            Expect("no disk can be the target", 10),
            Plug(1),
            Expect("the disks have changed: looking again", 60),
            Expect("64.0 GiB  usb ", PROMPT),
            Expect("GPT; it is attached by USB; it must be named", 10),
            Expect("no disk can be the target", 10),
            Type(Serial, "sdb"),
            Expect("target sdb (", 30),
            Expect("chosen because its name was typed", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "disk-plugged-in-while-asking",
        proves: "A disk that appears under the question withdraws it: yes is asked again for a plan that speaks of it.",
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { bus: Bus::UsbLater, ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Expect(ASK, BOOT + PROMPT),
            Plug(1),
            Expect("the disks have changed: looking again", 60),
            Expect("64.0 GiB  usb ", PROMPT),
            Expect("GPT; it is attached by USB; it must be named", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "only-disk-20-s-late",
        proves: "A machine whose only disk shows itself 20 s after everything else is installed on it.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { bus: Bus::NvmeLater, ..NVME }],
        script: &[
            Forbid(FAILED),
            Expect("no disk can be the target", BOOT + PROMPT),
            Wait(20),
            Plug(0),
            Expect("the disks have changed: looking again", 60),
            Expect("target nvme0n1 (", PROMPT),
            Expect("chosen because no other disk can be the target", 10),
            YES,
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..BASE
    },
    Scenario {
        name: "candidate-comes-and-goes",
        proves: "A better disk that appears under the question, and one that is pulled, change the plan, and half a word typed before is forgotten.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { bus: Bus::NvmeLater, mib: 32 * 1024, serial: "UV0002", ..NOISY }],
        script: &[
            REFUSES_NOTHING,
            Expect(ASK, BOOT + PROMPT),
            Send(b"ye"),
            Plug(1),
            Expect("the disks have changed: looking again", 60),
            Expect("target nvme1n1 (", PROMPT),
            Expect("it is the largest", 10),
            Expect(ASK, PROMPT),
            Type(Serial, "s"),
            Expect(NO_ANSWER, 30),
            Expect(ASK, 30),
            Send(b"ye"),
            Pull(1),
            Expect("the disks have changed: looking again", 60),
            Expect("target nvme0n1 (", PROMPT),
            Expect("chosen because no other disk can be the target", 10),
            Expect(ASK, PROMPT),
            Type(Serial, "s"),
            Expect(NO_ANSWER, 30),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "named-disk-comes-late",
        proves: "A disk that is named and not there yet is waited for, though another could be the target, and is chosen when it is plugged in.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { bus: Bus::NvmeLater, serial: "UV0002", ..NOISY }],
        words: &["install.disk=UV0002"],
        script: &[
            REFUSES_NOTHING,
            Expect("UV0002 is no disk's name", BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect(NO_ANSWER, 30),
            Wait(10),
            Plug(1),
            Expect("the disks have changed: looking again", 60),
            Expect("target nvme1n1 (", PROMPT),
            Expect("serial UV0002", 10),
            Expect("chosen because install.disk= names it", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
];
