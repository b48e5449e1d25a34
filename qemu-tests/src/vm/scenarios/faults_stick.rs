//! A stick that cannot be read everywhere, or is pulled.

use super::{ASK, BOOT, FAILED, HELD, HELLO, INSTALLED, NO, NOISY, OFF, PROMPT, REFUSES_NOTHING, STEP, STEP_ONE, UNTOUCHED, flake};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Part, PlugBack, Type, Unplug};
use crate::vm::scenario::{BASE, Fault, Firmware, Medium, Scenario, Step, Vars};

/// Nothing is written, and nobody is told that it was.
const NEVER: Step = Part(&[Forbid(INSTALLED), Forbid(STEP_ONE)]);
/// The firmware is left with its shell, by which the machine is switched off.
const NOT_STARTED: &[Step] = &[
    NEVER,
    Forbid(HELLO),
    Forbid(FAILED),
    Expect("UEFI Interactive Shell", BOOT),
    Expect("Shell>", 60),
    Type(Serial, "reset -s"),
    ExpectPowerOff(OFF),
];

/// With the kernel given to it, and a disk that keeps every byte.
const DIRECT: Scenario = Scenario { core: false, firmware: Firmware::Direct, disks: &[NOISY], after: &[DiskUnchanged(0)], ..BASE };
/// From the medium's own loader. It is a disc: of a USB stick that cannot be read OVMF itself crashes.
const LOADED: Scenario = Scenario { firmware: Firmware::Ovmf, medium: Medium::Cdrom, script: NOT_STARTED, ..DIRECT };

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "disc-unreadable-loader",
        proves: "A disc whose boot loader has a sector that cannot be read is not started.",
        fault: Fault::UnreadableFile("EFI/BOOT/BOOTX64.EFI"),
        ..LOADED
    },
    Scenario {
        name: "stick-unreadable-stage2",
        proves: "A sector of the stage-2 image that cannot be read is found before the first write.",
        fault: Fault::Unreadable("AI-STAGE2", 1_000_003),
        script: &[
            NEVER,
            Expect("autoinstaller: failed: verifying AI-STAGE2 on /dev/sda: Input/output error", BOOT + PROMPT),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        ..DIRECT
    },
    Scenario {
        name: "stick-unreadable-closure",
        proves: "A sector of the closure that cannot be read makes consent void.",
        fault: Fault::Unreadable("AI-CLOSURE", 1_000_003),
        script: &[
            NEVER,
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: failed: verifying AI-CLOSURE on /dev/sda: Input/output error", PROMPT),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        ..DIRECT
    },
    Scenario {
        name: "stick-unreadable-kit",
        proves: "A kit that cannot be read is refused before the question where something on it is required.",
        fault: Fault::Unreadable("AI-KIT", 0),
        words: &["install.requireAgeKey"],
        script: &[
            NEVER,
            Forbid(ASK),
            Expect("autoinstaller: failed: reading the kit partition: ", BOOT + PROMPT),
            Expect(UNTOUCHED, 10),
            Expect("autoinstaller: log: only in memory", 60),
            HELD,
        ],
        ..DIRECT
    },
    Scenario {
        name: "stick-unreadable-table",
        proves: "A stick whose first GPT header cannot be read is recognised by its second.",
        fault: Fault::UnreadableTable,
        script: &[REFUSES_NOTHING, Expect("target nvme0n1 (", BOOT + PROMPT), NO],
        ..DIRECT
    },
    Scenario {
        name: "stick-pulled-online",
        proves: "A stick that is pulled while the flake is built ends in the failure screen, and once it is back everything starts over, the network too.",
        script: &[
            Expect(ASK, BOOT + PROMPT + flake::READY),
            Type(Serial, "yes"),
            Expect("running nixos-install for {host}", flake::LONG),
            Unplug,
            Expect(FAILED, STEP),
            Expect("nvme0n1 was erased and is not bootable", 30),
            Expect("autoinstaller: log: only in memory", 60),
            Expect("press r to start over", 10),
            PlugBack,
            Type(Serial, "r"),
            Expect(HELLO, 60),
            Expect(ASK, PROMPT + flake::READY),
            Type(Serial, "yes"),
            Expect("autoinstaller: installed {host} on nvme0n1", flake::LONG + STEP),
            ExpectPowerOff(OFF),
        ],
        finds: &[flake::LEFT],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..flake::SSH
    },
];
