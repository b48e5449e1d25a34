//! The firmware's boot entries: what is written, what is taken back, and what becomes of an installation where the firmware refuses.

use super::{ASK, BOOT, DATA, FAILED, NVME, OFF, PROMPT, STEP, SYSTEM};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, Entries, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Part, Type};
use crate::vm::scenario::{BASE, Entry, Fault, Firmware, Scenario, Step, Vars, WARDEN};

const ROW: Scenario = Scenario { core: false, firmware: Firmware::Direct, disks: &[NVME], ..BASE };

const AGREED: Step = Part(&[Forbid(FAILED), Expect(ASK, BOOT + PROMPT), Type(Serial, "yes")]);

/// What is refused is a warning, and then the end as always.
const REFUSED: Step = Part(&[
    Expect(": if the machine does not start nvme0n1 by itself, choose it in the firmware's boot menu", 30),
    Expect("autoinstaller: installed {host} on nvme0n1", 30),
    ExpectPowerOff(OFF),
]);

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "entries-replaced",
        proves: "The new boot entry comes first, those that led to the erased disk are gone, and those of other disks stay.",
        disks: &[SYSTEM, DATA],
        entries: &[
            Entry { number: 4, description: "Other system", partition: [7; 16], active: true },
            Entry { number: 3, description: "Linux Boot Manager", partition: [5; 16], active: true },
            Entry { number: 6, description: "Older system", partition: [6; 16], active: false },
            Entry { number: 7, description: "Nowhere", partition: [99; 16], active: true },
        ],
        words: &["install.disk=UV0001"],
        script: &[
            Forbid(FAILED),
            Expect("making nvme0n1 bootable and the firmware's first choice, in place of", BOOT + PROMPT),
            Expect("Boot0003, Boot0006", 10),
            AGREED,
            Expect("autoinstaller: the firmware starts Boot00", 6 * STEP),
            Expect("\"Linux Boot Manager\" first: \\EFI\\systemd\\systemd-bootx64.efi on nvme0n1p1", 10),
            Expect("autoinstaller: installed {host} on nvme0n1", 30),
            ExpectPowerOff(OFF),
        ],
        after: &[
            TargetInstalled(0),
            DiskUnchanged(1),
            Entries(&["Linux Boot Manager", "Other system", "Nowhere"]),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "no-entry-wanted",
        proves: "Where the host wants no boot entry none is written and none is taken back, and the disk starts all the same.",
        disks: &[SYSTEM],
        entries: &[Entry { number: 3, description: "Old", partition: [5; 16], active: true }],
        words: &["install.firmwareEntry=false"],
        script: &[
            Forbid("the firmware starts Boot"),
            AGREED,
            Expect("step 9/9 making nvme0n1 bootable", 6 * STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), Entries(&["Old"]), BootsInstalled(Vars::Fresh)],
        ..ROW
    },
    Scenario {
        name: "variables-full",
        proves: "A firmware without room for another variable is a warning with its reason, and the disk starts from the removable path.",
        fault: Fault::FullVariables,
        script: &[AGREED, Expect("giving the firmware an entry for nvme0n1: No space left on device", 6 * STEP), REFUSED],
        after: &[TargetInstalled(0), Entries(&[]), BootsInstalled(Vars::Fresh)],
        ..ROW
    },
    Scenario {
        name: "variables-read-only",
        proves: "Firmware variables that cannot be written are a warning with its reason.",
        kernel_words: &[WARDEN],
        script: &[AGREED, Expect("giving the firmware an entry for nvme0n1: Read-only file system", 6 * STEP), REFUSED],
        after: &[TargetInstalled(0), Entries(&[]), BootsInstalled(Vars::Fresh)],
        ..ROW
    },
    Scenario {
        name: "variables-absent",
        proves: "Without firmware variables the installation says what that means, and the disk starts from the removable path.",
        kernel_words: &["efi=noruntime"],
        script: &[AGREED, Expect("giving the firmware an entry for nvme0n1: this machine shows no EFI variables", 6 * STEP), REFUSED],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..ROW
    },
];
