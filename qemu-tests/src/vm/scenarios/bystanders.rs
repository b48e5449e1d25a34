//! Disks that lie beside the target, of every kind, and are left alone.

use super::{ASK, BOOT, DATA, FAILED, LINUX, NO, NOISY, OFF, PROMPT, REFUSES_NOTHING, STEP, SYSTEM, YES};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Type};
use crate::vm::scenario::{BASE, Bus, Disk, Entry, Firmware, Prefill, SD_SERIAL, Scenario, Vars};

/// As much of an ext4 file system as has its label: magic number, extents, and `s_volume_name`.
const UV_ROOT: &[(u64, &[u8])] = &[(1024 + 56, &[0x53, 0xef]), (1024 + 96, &[0x40]), (1024 + 120, b"UV-ROOT")];

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "usb-bystander",
        proves: "A disk in a USB enclosure is left alone although it is larger, has an ESP and the firmware boots it.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { bus: Bus::Usb, ..DATA }],
        entries: &[Entry { partition: [7; 16], ..LINUX }],
        script: &[
            REFUSES_NOTHING,
            Expect("it is attached by USB; it must be named", BOOT + PROMPT),
            Expect("target nvme0n1 (", 10),
            Expect("chosen because no other disk can be the target", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "same-label-beside",
        proves: "Above the plan stands a warning when another disk carries the label of the new root.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { mib: 12 * 1024, prefill: Prefill::Bytes(UV_ROOT), ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Expect("warning: sd", BOOT + PROMPT),
            Expect(" carries the label UV-ROOT too: detach it, or the system", 10),
            Expect("> target nvme0n1 (", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "image-on-an-internal-disk",
        proves: "Disks that carry a copy of the image, as a whole or in a partition, are protected as the stick is, even when they are named.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY, Disk { prefill: Prefill::Image, ..DATA }, Disk { serial: "DATA02", prefill: Prefill::ImageInPartition, ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Expect("chosen because no other disk can be the target", BOOT + PROMPT),
            Expect(ASK, 10),
            Type(Serial, "DATA01"),
            Expect("choosing the disk DATA01: ", 30),
            Expect("cannot be the target: it carries the installer's own medium", 10),
            Expect(ASK, 30),
            Type(Serial, "DATA02"),
            Expect("choosing the disk DATA02: ", 30),
            Expect("cannot be the target: it carries the installer's own medium", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1), DiskUnchanged(2)],
        ..BASE
    },
    Scenario {
        name: "sd-and-4kn-beside",
        proves: "An SD card, and an NVMe disk with sectors of 4096 bytes, keep every byte while a smaller disk beside them is installed.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[
            Disk { bus: Bus::Virtio, ..SYSTEM },
            Disk { bus: Bus::Sd, mib: 32 * 1024, serial: SD_SERIAL, ..DATA },
            Disk { mib: 64 * 1024, sector: 4096, serial: "DATA02", ..NOISY },
        ],
        script: &[
            Forbid(FAILED),
            Expect("it is an SD card; it must be named", BOOT + PROMPT),
            Expect("target vda (", 10),
            Expect("chosen because it alone has an EFI system partition", 10),
            YES,
            Expect("autoinstaller: installed {host} on vda", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), DiskUnchanged(1), DiskUnchanged(2), BootsInstalled(Vars::Left)],
        ..BASE
    },
];
