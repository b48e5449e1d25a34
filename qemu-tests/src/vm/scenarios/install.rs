//! Installations that must succeed.

use super::{ASK, BOOT, FAILED, HELLO, NVME, OFF, ON_SDX, PROMPT, STEP, STEP_ONE, YES};
use crate::vm::scenario::After::{BootsInstalled, RootHas, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, ExpectReset, Forbid, Part, Picture, Type};
use crate::vm::scenario::{BASE, Bus, Disk, FIRMWARE_ENTRY, Firmware, INSTALLED_SYSTEM, Medium, Prefill, Scenario, Step, Vars};

/// The conversation of an installation, up to its last line.
const PREBUILT: &[Step] = &[
    Forbid(FAILED),
    Expect(HELLO, BOOT),
    Expect("target nvme0n1 (", PROMPT),
    Expect("serial UV0001", 10),
    Expect(ASK, PROMPT),
    Picture("question.png"),
    Type(Serial, "yes"),
    Expect(STEP_ONE, STEP),
    Expect("wiping old signatures from nvme0n1", STEP),
    Expect("writing the partition table: UV-ESP 1.0 GiB, UV-ROOT ", STEP),
    Expect("formatting nvme0n1p1 (vfat UV-ESP)", STEP),
    Expect("nvme0n1p2 (ext4 UV-ROOT)", STEP),
    Expect("nvme0n1p3 (swap UV-SWAP)", STEP),
    Expect("mounting nvme0n1p2 at /mnt and nvme0n1p1 at /mnt/boot", STEP),
    Expect("unpacking the closure into /mnt/nix/store", STEP),
    Expect("registering the store paths", STEP),
    Expect("running nixos-install for {host}", STEP),
    Expect("reading the disk back and comparing", STEP),
    Expect("making nvme0n1 bootable", 60),
    Expect("autoinstaller: installed {host} on nvme0n1", STEP),
    ExpectPowerOff(OFF),
];

/// From the first step on.
const TO_THE_END: Step = Part(&[Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP), ExpectPowerOff(OFF)]);

/// A host whose root is not ext4.
const OTHER_ROOT: Scenario =
    Scenario { core: false, firmware: Firmware::Direct, disks: &[NVME], after: &[TargetInstalled(0), BootsInstalled(Vars::Left)], ..BASE };

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "prebuilt-nvme-usb",
        proves: "A stick in a UEFI machine installs its system on the only disk, which boots without any firmware variable.",
        disks: &[NVME],
        script: PREBUILT,
        after: &[TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..BASE
    },
    Scenario {
        name: "nix-built-medium",
        proves: "The medium that Nix builds has the bytes that `xtask iso --parts` makes of the same parts outside of it, and installs from a stage-2 with a store of its own.",
        from_nix: true,
        disks: &[NVME],
        finds: &[Expect("FIXTURE-CLONE origin= branch=ref: refs/heads/main commit={commit} owner=0:0", BOOT)],
        script: PREBUILT,
        after: &[
            TargetInstalled(0),
            RootHas("/etc/built/README", "0440 0:0", "What this machine keeps lies here: back it up.\n"),
            BootsInstalled(Vars::Fresh),
        ],
        ..BASE
    },
    Scenario {
        name: "prebuilt-cdrom",
        proves: "The same image installs from a disc, on which Linux makes no partitions and nothing can be written.",
        medium: Medium::Cdrom,
        disks: &[NVME],
        script: PREBUILT,
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "bios-forced",
        proves: "With consent a machine without UEFI installs a disk that boots in one with UEFI.",
        firmware: Firmware::SeaBios,
        disks: &[NVME],
        words: &["install.force-uefi"],
        script: PREBUILT,
        after: &[TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..BASE
    },
    Scenario {
        name: "reboot-after",
        proves: "With powerOff=false the machine resets, and comes up in the installed system, by its boot entry, although the stick is still there.",
        disks: &[NVME],
        words: &["install.powerOff=false"],
        script: &[
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectReset(OFF),
            FIRMWARE_ENTRY,
            INSTALLED_SYSTEM,
        ],
        after: &[TargetInstalled(0)],
        ..BASE
    },
    Scenario {
        name: "old-table-sata",
        proves: "A SATA disk with an old MBR and a file system's remains is wiped and installed.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { bus: Bus::Sata, prefill: Prefill::Bytes(OLD_MBR), ..NVME }],
        script: ON_SDX,
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "virtio-4kn",
        proves: "A disk with sectors of 4096 bytes gets a table that other tools read on such sectors.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { bus: Bus::Virtio, sector: 4096, ..NVME }],
        script: &[
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: installed {host} on vda", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "without-swap",
        proves: "Where no swap is asked for the root reaches to the end of the disk, and the installed system finds no swap.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NVME],
        words: &["install.swap.enable=false"],
        script: &[
            Forbid(FAILED),
            Forbid("UV-SWAP"),
            Expect("writing the partition table: UV-ESP 1.0 GiB, UV-ROOT 14.9 GiB", BOOT + PROMPT),
            YES,
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "without-swap-usb-4kn",
        proves: "The same on a USB disk with sectors of 4096 bytes, which is named.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { bus: Bus::Usb, sector: 4096, ..NVME }],
        words: &["install.disk=UV0001", "install.swap.enable=false"],
        script: ON_SDX,
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "other-sizes",
        proves: "A smaller ESP, and swap of a number of sectors that is no whole MiB, are made as they were asked for.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NVME],
        words: &["install.esp.size=512M", "install.swap.size=2097153"],
        script: &[
            Forbid(FAILED),
            Expect("writing the partition table: UV-ESP 512.0 MiB, UV-ROOT 14.4 GiB,", BOOT + PROMPT),
            Expect("UV-SWAP 1.0 GiB", 10),
            YES,
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
    Scenario {
        name: "root-btrfs",
        proves: "A btrfs root is made and mounted by what stage-2 carries, and boots.",
        words: &["install.rootFs=btrfs"],
        script: &[Forbid(FAILED), Expect("nvme0n1p2 (btrfs UV-ROOT)", BOOT + PROMPT), YES, TO_THE_END],
        ..OTHER_ROOT
    },
    Scenario {
        name: "root-xfs",
        proves: "An XFS root is made and mounted by what stage-2 carries, and boots.",
        words: &["install.rootFs=xfs"],
        script: &[Forbid(FAILED), Expect("nvme0n1p2 (xfs UV-ROOT)", BOOT + PROMPT), YES, TO_THE_END],
        ..OTHER_ROOT
    },
    Scenario {
        name: "root-f2fs",
        proves: "An F2FS root is made and mounted by what stage-2 carries, and boots.",
        words: &["install.rootFs=f2fs"],
        script: &[Forbid(FAILED), Expect("nvme0n1p2 (f2fs UV-ROOT)", BOOT + PROMPT), YES, TO_THE_END],
        ..OTHER_ROOT
    },
    Scenario {
        name: "large-stick-installs",
        proves: "A stick that is larger than every disk, and says it is no removable medium, is not chosen: the disk inside is.",
        core: false,
        firmware: Firmware::Direct,
        medium: Medium::UsbDisk,
        disks: &[NVME],
        script: &[
            Forbid(FAILED),
            Expect("it carries the installer's own medium", BOOT + PROMPT),
            Expect("target nvme0n1 (", 10),
            Expect("chosen because no other disk can be the target", 10),
            YES,
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..BASE
    },
];

/// One active Linux partition, its ext2 superblock's magic, and the signature of the boot sector.
const OLD_MBR: &[(u64, &[u8])] = &[
    (446, &[0x80, 0, 2, 0, 0x83, 0xfe, 0xff, 0xff, 0, 8, 0, 0, 0, 0, 0x40, 0]),
    (510, &[0x55, 0xaa]),
    (2048 * 512 + 1024 + 56, &[0x53, 0xef]),
];
