//! Faults: of the medium, and of a step in the middle of an installation.

use super::{ASK, BOOT, FAILED, HELLO, INSTALLED, NVME, PROMPT, STEP, STEP_ONE, UNTOUCHED};
use crate::vm::scenario::After::{DiskUnchanged, DiskWritten, KitHas};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, Forbid, Type};
use crate::vm::scenario::{BASE, Disk, Fault, Firmware, Prefill, Scenario};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "corrupt-stage2",
        proves: "A single wrong byte in the stage-2 image is found before the first write, even after consent.",
        firmware: Firmware::Direct,
        disks: &[Disk { prefill: Prefill::Noise, ..NVME }],
        fault: Fault::FlipByte("AI-STAGE2", 1_000_003),
        script: &[
            Forbid(INSTALLED),
            Forbid(STEP_ONE),
            Expect(HELLO, BOOT),
            Expect(FAILED, PROMPT),
            Expect("AI-STAGE2", 10),
            Expect(UNTOUCHED, 10),
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "failed-install",
        proves: "When nixos-install fails the screen says so and what was written, and the log is on the kit partition.",
        firmware: Firmware::Direct,
        disks: &[NVME],
        kernel_words: &["stand-in.fail"],
        script: &[
            Forbid(INSTALLED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect(STEP_ONE, STEP),
            Expect(FAILED, 4 * STEP),
            Expect("nvme0n1 was erased and is not bootable", 30),
            Expect("autoinstaller: log: ", 30),
        ],
        after: &[DiskWritten(0), KitHas("autoinstaller.log", "autoinstaller: failed: ")],
        ..BASE
    },
];
