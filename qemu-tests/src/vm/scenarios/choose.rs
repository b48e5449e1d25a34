//! Machines with several disks: each rule of the choice, in the order in which they count, and what a person can say against it.

use super::{ASK, BOOT, FAILED, HELD, INSTALLED, NVME, OFF, PROMPT, STEP, STEP_ONE};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, TargetInstalled};
use crate::vm::scenario::Console::{Keyboard, Serial};
use crate::vm::scenario::Step::{Expect, ExpectAll, ExpectPowerOff, Forbid, Part, Plug, Type};
use crate::vm::scenario::{BASE, Bus, Disk, Entry, Firmware, Medium, Prefill, Scenario, Step, Vars};

/// A data disk: larger, and with more partitions.
const DATA: Disk =
    Disk { bus: Bus::Sata, mib: 64 * 1024, serial: "DATA01", prefill: Prefill::Table { esp: true, ids: &[7, 8, 9, 10] }, ..NVME };
/// The system's disk.
const SYSTEM: Disk = Disk { prefill: Prefill::Table { esp: true, ids: &[5, 6] }, ..NVME };
/// The firmware's entry for it.
const LINUX: Entry = Entry { number: 3, description: "Linux Boot Manager", partition: [5; 16], active: true };

/// What is asked when no rule tells disks apart.
const TIE: &str = "autoinstaller: more than one disk could be the target: type the name of the disk to erase";

const REFUSES_NOTHING: Step = Part(&[Forbid(FAILED), Forbid(INSTALLED), Forbid(STEP_ONE)]);
/// The plan is not carried out: what was chosen is on the screen.
const NO: Step = Part(&[Expect(ASK, PROMPT), Type(Serial, "no"), ExpectPowerOff(OFF)]);

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
        proves: "Boot entries that are inactive or lead to no disk are passed over, each with its reason.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM, DATA],
        entries: &[
            Entry { number: 1, description: "Gone", partition: [99; 16], active: true },
            Entry { number: 2, description: "Off", partition: [7; 16], active: false },
            LINUX,
        ],
        script: &[
            REFUSES_NOTHING,
            Expect("Boot0001 \"Gone\" is passed over: no disk has its partition 63636363-", BOOT + PROMPT),
            Expect("Boot0002 \"Off\" is passed over: it is not active", 10),
            Expect("target nvme0n1 (", 10),
            Expect("chosen because the firmware boots it: Boot0003", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
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
        disks: &[SYSTEM, Disk { mib: 12 * 1024, ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Expect("target sd", BOOT + PROMPT),
            Expect("serial DATA01", 10),
            Expect("it has the most partitions", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "largest-rule",
        proves: "Among disks without partitions the largest is taken.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { prefill: Prefill::Noise, ..NVME }, Disk { prefill: Prefill::Noise, ..DATA }],
        script: &[REFUSES_NOTHING, Expect("target sd", BOOT + PROMPT), Expect("serial DATA01", 10), Expect("it is the largest", 10), NO],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "tie-answered",
        proves: "Two equal disks are a question, to which yes is no answer; a serial number typed on the other console makes the plan.",
        firmware: Firmware::Direct,
        disks: &[Disk { prefill: Prefill::Noise, ..NVME }, Disk { serial: "UV0002", ..NVME }],
        script: &[
            Forbid(FAILED),
            Forbid(INSTALLED),
            Forbid(STEP_ONE),
            Expect(TIE, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("please answer with one of these words", 30),
            Expect(TIE, 30),
            Type(Keyboard, "uv0002"),
            Expect("please answer with one of these words", 30),
            Expect(TIE, 30),
            Type(Serial, "UV0002"),
            Expect("serial UV0001, 16.0 GiB, nvme): nothing recognised; it could be, but ", 30),
            Expect("serial UV0002, 16.0 GiB, nvme): nothing recognised", 30),
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
        name: "usb-bystander",
        proves: "A disk in a USB enclosure is left alone although it is larger, has an ESP and the firmware boots it.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { prefill: Prefill::Noise, ..NVME }, Disk { bus: Bus::Usb, ..DATA }],
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
        name: "named-by-id",
        proves: "A name below /dev/disk/by-id, in the word of the older tool, goes before every rule.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM, DATA],
        entries: &[Entry { partition: [7; 16], ..LINUX }],
        kernel_words: &["INSTALL_DISK=/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_UV0001"],
        script: &[REFUSES_NOTHING, Expect("target nvme0n1 (", BOOT + PROMPT), Expect("chosen because install.disk= names it", 10), NO],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
    Scenario {
        name: "stick-looks-like-a-disk",
        proves: "The stick is known by its image although it is larger than the target and says it is no removable medium.",
        core: false,
        firmware: Firmware::Ovmf,
        medium: Medium::UsbDisk,
        disks: &[Disk { prefill: Prefill::Noise, ..NVME }],
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
        name: "image-on-an-internal-disk",
        proves: "Disks that carry a copy of the image, as a whole or in a partition, are protected as the stick is.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[
            Disk { prefill: Prefill::Noise, ..NVME },
            Disk { prefill: Prefill::Image, ..DATA },
            Disk { serial: "DATA02", prefill: Prefill::ImageInPartition, ..DATA },
        ],
        script: &[
            REFUSES_NOTHING,
            ExpectAll(
                &[
                    "serial DATA01, 64.0 GiB, sata): GPT with one bad header: ISO 9660 AUTOINSTALLER, FAT AI-BOOT, FAT AI-KIT, squashfs, squashfs; it carries the installer's own medium",
                    "serial DATA02, 64.0 GiB, sata): MBR: ISO 9660 AUTOINSTALLER; it carries the installer's own medium",
                ],
                BOOT + PROMPT,
            ),
            Expect("chosen because no other disk can be the target", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1), DiskUnchanged(2)],
        ..BASE
    },
    Scenario {
        name: "first-disk-plugged-in-late",
        proves: "Without any disk that could be the target the installer waits, and a disk that is plugged in then can be named.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { mib: 1024, prefill: Prefill::Noise, ..NVME }, Disk { bus: Bus::UsbLater, ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Expect("it is too small: 1.0 GiB where ", BOOT + PROMPT),
            Expect("autoinstaller: no disk can be the target: type the name of the disk to erase, plug one in", 10),
            Plug(1),
            Expect("the disks have changed: looking again", 60),
            Expect("64.0 GiB, usb): GPT; it is attached by USB; it must be named", PROMPT),
            Expect("autoinstaller: no disk can be the target: type the name", 10),
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
        disks: &[Disk { prefill: Prefill::Noise, ..NVME }, Disk { bus: Bus::UsbLater, ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Expect(ASK, BOOT + PROMPT),
            Plug(1),
            Expect("the disks have changed: looking again", 60),
            Expect("64.0 GiB, usb): GPT", PROMPT),
            Expect("it is attached by USB; it must be named", 10),
            NO,
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..BASE
    },
];
