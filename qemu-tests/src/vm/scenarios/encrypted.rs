//! Encrypted hosts: what becomes of the disk, and that nothing but the container knows its passphrase.

use super::dirty::AT_NEW_ENDS;
use super::{ASK, BOOT, FAILED, NVME, OFF, PROMPT, STEP, STEP_ONE};
use crate::vm::scenario::After::{BootsInstalled, RootHas, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectAll, ExpectPowerOff, ExpectReset, Forbid, Part, Type};
use crate::vm::scenario::{BASE, Bus, Dirty, Disk, Firmware, OBSERVED, Prefill, SD_SERIAL, Scenario, Step, Table, Vars};

/// Of words, so that no other text has it.
pub(super) const PASSPHRASE: &str = "correct horse battery";

pub(super) const FIRST: &str = "passphrase for STYGIAN-LUKS, keyboard layout us (input is hidden): ";
pub(super) const AGAIN: &str = "the same passphrase again: ";

pub(super) const TYPED: Step =
    Part(&[Expect(FIRST, PROMPT), Type(Serial, PASSPHRASE), Expect(AGAIN, 30), Type(Serial, PASSPHRASE), Expect(STEP_ONE, STEP)]);
pub(super) const ENCRYPTING: Step = Expect("encrypting nvme0n1p2 (LUKS2 STYGIAN-LUKS) and opening it as stygiancrypt", STEP);
pub(super) const TO_THE_END: Step = Part(&[Expect("autoinstaller: installed {host} on nvme0n1", 3 * STEP), ExpectPowerOff(OFF)]);
const YES_AND_PASSPHRASE: Step = Part(&[Expect(ASK, BOOT + PROMPT), Type(Serial, "yes"), TYPED]);

/// A swap partition, and another cost of the key derivation.
const SWAP: &[&str] = &[
    "install.swap.enable=true",
    "install.swap.size=9G",
    "install.labels.swap=STYGIAN-SWAP",
    "install.luks.pbkdf.memory=64",
    "install.luks.pbkdf.iterations=5",
    "install.luks.pbkdf.parallel=1",
];

/// A row of this file.
pub(super) const ROW: Scenario = Scenario {
    core: false,
    firmware: Firmware::Direct,
    host: "stygianlibrary",
    passphrase: Some(PASSPHRASE),
    disks: &[NVME],
    script: &[Forbid(FAILED), YES_AND_PASSPHRASE, ENCRYPTING, TO_THE_END],
    after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
    ..BASE
};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "encrypted",
        proves: "An encrypted host asks for its passphrase twice before the first write, boots with it, and no process, log or disk has it.",
        core: true,
        kernel_words: &[OBSERVED],
        script: &[
            Forbid(FAILED),
            Expect("running the boot commands", BOOT),
            Expect("autoinstaller: | no Thunderbolt device to authorise", 30),
            YES_AND_PASSPHRASE,
            ENCRYPTING,
            Expect("creating /persist, /models on the new root", STEP),
            Expect("running 2 lists of post-mount commands", STEP),
            Expect("autoinstaller: | the ESP is /dev/nvme0n1p1", STEP),
            Expect("/etc/issue.d/found.issue (0644 0:0)", STEP),
            TO_THE_END,
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/etc/issue.d/found.issue", "0644 0:0", "Whoever finds this laptop: its library misses it.\n"),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-4kn",
        proves: "A container on sectors of 4096 bytes is as any other.",
        disks: &[Disk { bus: Bus::Virtio, sector: 4096, ..NVME }],
        script: &[
            Forbid(FAILED),
            YES_AND_PASSPHRASE,
            Expect("encrypting vda2 (LUKS2 STYGIAN-LUKS) and opening it as stygiancrypt", STEP),
            Expect("autoinstaller: installed {host} on vda", 3 * STEP),
            ExpectPowerOff(OFF),
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-over-remains",
        proves: "What others left at both ends of a container and of a swap partition that nobody formats is gone.",
        disks: &[Disk { prefill: Prefill::Dirty(&Dirty { table: Table::None, regions: AT_NEW_ENDS }), ..NVME }],
        words: SWAP,
        ..ROW
    },
    Scenario {
        name: "encrypted-second-run",
        proves: "A container that an installation left is installed over by the next one, which asks for a passphrase of its own.",
        words: &["install.powerOff=false"],
        script: &[
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect(FIRST, PROMPT),
            Type(Serial, "the one of before"),
            Expect(AGAIN, 30),
            Type(Serial, "the one of before"),
            Expect("autoinstaller: installed {host} on nvme0n1", 2 * STEP),
            ExpectReset(OFF),
            YES_AND_PASSPHRASE,
            Expect("autoinstaller: installed {host} on nvme0n1", 2 * STEP),
            ExpectReset(OFF),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "no"),
            ExpectPowerOff(OFF),
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-with-swap",
        proves: "Beside a container both the installation and the installed system swap under a key of the day, and the partition is left empty.",
        words: SWAP,
        kernel_words: &[OBSERVED],
        script: &[
            Forbid(FAILED),
            Forbid("OBSERVED swap on /dev/nvme0n1p3"),
            Expect("OBSERVED never swapped: PID 1", BOOT),
            YES_AND_PASSPHRASE,
            ENCRYPTING,
            Expect("leaving nvme0n1p3 (STYGIAN-SWAP) for the system's own random encryption", STEP),
            ExpectAll(&["OBSERVED CRYPT-PLAIN-installation-swap", "OBSERVED swap on /dev/mapper/installation-swap"], STEP),
            TO_THE_END,
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-with-swap-4kn",
        proves: "The same on sectors of 4096 bytes.",
        disks: &[Disk { bus: Bus::Virtio, sector: 4096, ..NVME }],
        words: SWAP,
        script: &[
            Forbid(FAILED),
            YES_AND_PASSPHRASE,
            Expect("leaving vda3 (STYGIAN-SWAP) for the system's own random encryption", STEP),
            Expect("autoinstaller: installed {host} on vda", 3 * STEP),
            ExpectPowerOff(OFF),
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-sata",
        proves: "A container on a SATA disk is as any other.",
        disks: &[Disk { bus: Bus::Sata, ..NVME }],
        script: ON_ANY_SDX,
        ..ROW
    },
    Scenario {
        name: "encrypted-usb-disk",
        proves: "A container on a USB disk that was named is as any other.",
        disks: &[Disk { bus: Bus::Usb, ..NVME }],
        words: &["install.disk=UV0001"],
        script: ON_ANY_SDX,
        ..ROW
    },
    Scenario {
        name: "encrypted-sd-card",
        proves: "A container on an SD card that was named is as any other.",
        disks: &[Disk { bus: Bus::Sd, serial: SD_SERIAL, ..NVME }],
        words: &["install.disk=/dev/mmcblk0"],
        script: &[
            Forbid(FAILED),
            YES_AND_PASSPHRASE,
            Expect("encrypting mmcblk0p2 (LUKS2 STYGIAN-LUKS) and opening it as stygiancrypt", STEP),
            Expect("autoinstaller: installed {host} on mmcblk0", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-btrfs",
        proves: "The root file system in a container can be another than ext4.",
        words: &["install.rootFs=btrfs"],
        ..ROW
    },
];

/// The stick and the disk race for their names.
const ON_ANY_SDX: &[Step] = &[
    Forbid(FAILED),
    YES_AND_PASSPHRASE,
    Expect("(LUKS2 STYGIAN-LUKS) and opening it as stygiancrypt", STEP),
    Expect("autoinstaller: installed {host} on sd", 5 * STEP),
    ExpectPowerOff(OFF),
];
