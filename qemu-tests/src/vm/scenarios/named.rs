//! A disk that is named on the kernel's command line goes before every rule, and nothing takes its place.

use super::{
    ASK, BOOT, DATA, FAILED, HELD, INSTALLED, LINUX, NO, NOISY, NVME, OFF, ON_SDX, PROMPT, REFUSED, REFUSES_NOTHING, STEP, STEP_ONE,
    SYSTEM, UNTOUCHED, YES,
};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, TargetInstalled};
use crate::vm::scenario::Step::{Expect, ExpectAll, ExpectPowerOff, Forbid, Part};
use crate::vm::scenario::{BASE, Bus, Disk, Entry, Firmware, Medium, SD_SERIAL, Scenario, Vars};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "named-by-id",
        proves: "A name below /dev/disk/by-id, in the word of the older tool, goes before every rule.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM, DATA],
        entries: &[Entry { partition: [7; 16], ..LINUX }],
        kernel_words: &["INSTALL_DISK=/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_UV0001"],
        script: &[
            REFUSES_NOTHING,
            Expect("autoinstaller: INSTALL_DISK= is understood as install.disk=", BOOT + PROMPT),
            Expect("target nvme0n1 (", 30),
            Expect("chosen because install.disk= names it", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "named-usb-disk",
        proves: "A disk named by its serial is taken although another would win, and that other one keeps every byte.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { mib: 32 * 1024, ..NOISY }, Disk { bus: Bus::Usb, serial: "UV0002", ..NVME }],
        words: &["install.disk=UV0002"],
        script: ON_SDX,
        after: &[DiskUnchanged(0), TargetInstalled(1), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "unknown-disk",
        proves: "A disk that was named and does not come is a refusal when nobody may be asked: no other disk is taken in its place.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY],
        words: &["install.disk=UV0009", "install.unattended"],
        script: &[
            REFUSED,
            Expect("UV0009 is no disk's name, path, by-id name, serial number or WWN: waiting 40 s for it", PROMPT),
            Expect("serial UV0001, 16.0 GiB, nvme): nothing recognised; it could be the target", 90),
            Expect("autoinstaller: failed: choosing the disk: UV0009 is no disk's name", 10),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "stick-looks-like-a-disk",
        proves: "The stick is known by its image although it is larger than the target and says it is no removable medium.",
        core: false,
        firmware: Firmware::Ovmf,
        medium: Medium::UsbDisk,
        disks: &[NOISY],
        words: &["install.disk=sda"],
        script: &[
            Part(&[Forbid(INSTALLED), Forbid(STEP_ONE), Forbid(ASK)]),
            Expect("64.0 GiB, usb): GPT with one bad header: ", BOOT + PROMPT),
            Expect("it carries the installer's own medium", 10),
            Expect("autoinstaller: failed: choosing the disk sda: sda cannot be the target: it carries the installer's own medium", 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "named-sd-card",
        proves: "An SD card that is named by its path is installed, with the names that the kernel gives to its partitions.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { mib: 32 * 1024, ..NOISY }, Disk { bus: Bus::Sd, serial: SD_SERIAL, ..NVME }],
        words: &["install.disk=/dev/mmcblk0"],
        script: &[
            Forbid(FAILED),
            Expect("target mmcblk0 (QEMU!, serial 0xdeadbeef, 16.0 GiB, mmc)", BOOT + PROMPT),
            Expect("chosen because install.disk= names it", 10),
            YES,
            Expect("formatting mmcblk0p1 (vfat UV-ESP)", STEP),
            Expect("autoinstaller: installed {host} on mmcblk0", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), TargetInstalled(1), BootsInstalled(Vars::Fresh)],
        ..BASE
    },
    Scenario {
        name: "named-4kn-nvme",
        proves: "An NVMe disk with sectors of 4096 bytes, named by its path below /dev/disk/by-id, is installed and boots.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { sector: 4096, ..NVME }, DATA],
        words: &["install.disk=/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_UV0001"],
        script: &[
            Forbid(FAILED),
            Expect("target nvme0n1 (", BOOT + PROMPT),
            Expect("chosen because install.disk= names it", 10),
            YES,
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), DiskUnchanged(1), BootsInstalled(Vars::Fresh)],
        ..BASE
    },
    Scenario {
        name: "named-partition",
        proves: "The name of a partition is not taken for its disk, even when it is the only one: every disk is listed, and none is written.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM],
        words: &["install.disk=/dev/nvme0n1p2"],
        script: &[
            REFUSED,
            ExpectAll(&["- nvme0n1 (QEMU NVMe Ctrl, serial UV0001, ", "it carries the installer's own medium"], PROMPT),
            Expect("failed: choosing the disk /dev/nvme0n1p2: it is a partition of nvme0n1: name the whole disk", 10),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
];
