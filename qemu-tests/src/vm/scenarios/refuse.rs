//! Machines on which nothing may be installed: the refusal gives its reason and no disk is written.

use super::{ASK, BOOT, FAILED, HELD, INSTALLED, NOISY, PROMPT, REFUSED, STEP, STEP_ONE, UNTOUCHED};
use crate::vm::scenario::After::DiskUnchanged;
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectAll, Forbid, Type};
use crate::vm::scenario::{BASE, Disk, Firmware, Scenario};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "bios-refused",
        proves: "A machine that was not booted through UEFI is refused before any write, and told how to boot by UEFI.",
        firmware: Firmware::SeaBios,
        disks: &[NOISY],
        script: &[
            REFUSED,
            Expect("autoinstaller: failed: looking at the firmware: this machine was booted by legacy BIOS", PROMPT),
            Expect(UNTOUCHED, 10),
            Expect("boot the stick by UEFI: choose", 60),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "two-disks",
        proves: "When nobody may be asked, two equal disks are refused with the reason for each, and both keep every byte.",
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { serial: "UV0002", ..NOISY }],
        words: &["install.unattended"],
        script: &[
            REFUSED,
            ExpectAll(
                &[
                    "serial UV0001, 16.0 GiB, nvme): nothing recognised; it could be the target",
                    "serial UV0002, 16.0 GiB, nvme): nothing recognised; it could be the target",
                ],
                PROMPT,
            ),
            Expect("autoinstaller: failed: choosing the disk: more than one disk could be the target", 10),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "target-too-small",
        proves: "A disk smaller than the plan needs is refused, with its size as the reason, when nobody may be asked.",
        firmware: Firmware::Direct,
        words: &["install.unattended"],
        disks: &[Disk { mib: 1024, ..NOISY }],
        script: &[
            REFUSED,
            Expect("it is too small: 1.0 GiB where ", PROMPT),
            Expect("autoinstaller: failed: choosing the disk: no disk can be the target", 10),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "bad-label",
        proves: "A label that its file system cannot have is refused with what is wrong with it.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY],
        words: &["install.labels.efi=TWELVE-CHARS"],
        script: &[
            REFUSED,
            Expect(FAILED, PROMPT),
            Expect("labels.efi of the SMBIOS strings: TWELVE-CHARS has 12 characters, a vfat label has at most 11", 10),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "file-system-without-module",
        proves: "A root file system that the kernel cannot mount is refused after the consent and before the first write.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY],
        words: &["install.rootFs=btrfs"],
        kernel_words: &["module_blacklist=btrfs"],
        script: &[
            Forbid(INSTALLED),
            Forbid(STEP_ONE),
            Expect("nvme0n1p2 (btrfs UV-ROOT)", BOOT + PROMPT),
            Expect(ASK, PROMPT),
            Type(Serial, "yes"),
            Expect(
                "failed: preparing the installation: mounting btrfs needs a module of the kernel, which is not on this medium or cannot be loaded",
                STEP,
            ),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "misspelt-setting",
        proves: "A setting that does not exist stops the installer, which names where it stands and the nearest one that does.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY],
        words: &["install.dsik=nvme0n1"],
        script: &[
            REFUSED,
            Expect(FAILED, PROMPT),
            Expect("of the SMBIOS strings: dsik is not a setting; the nearest is disk", 10),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
];
