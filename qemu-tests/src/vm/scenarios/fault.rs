//! Faults: of the medium, and of a step in the middle of an installation.

use super::{ASK, BOOT, FAILED, HELD, HELLO, INSTALLED, KEYS, LINUX, NOISY, NVME, OFF, PROMPT, STEP, STEP_ONE, SYSTEM, UNTOUCHED};
use crate::vm::scenario::After::{DiskUnchanged, DiskWritten, Entries, EspHas, KitHas, NotBootable};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Type, Unplug, Wait};
use crate::vm::scenario::{BASE, Fault, Firmware, OWNER, Scenario};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "corrupt-stage2",
        proves: "A single wrong byte in the stage-2 image is found before the first write.",
        firmware: Firmware::Direct,
        disks: &[NOISY],
        fault: Fault::FlipByte("AI-STAGE2", 1_000_003),
        script: &[
            Forbid(INSTALLED),
            Forbid(STEP_ONE),
            Expect(HELLO, BOOT),
            Expect("autoinstaller: failed: verifying AI-STAGE2 on /dev/sda: it is damaged", PROMPT),
            Expect(UNTOUCHED, 10),
            Expect("write the image to the stick again", 60),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "corrupt-closure",
        proves: "Consent that comes before the medium is verified waits for that, and a wrong byte in the closure makes it void.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY],
        fault: Fault::FlipByte("AI-CLOSURE", 1_000_003),
        script: &[
            Forbid(INSTALLED),
            Forbid(STEP_ONE),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: waiting for the medium to be verified", 10),
            Expect("autoinstaller: failed: verifying AI-CLOSURE on /dev/sda: it is damaged", PROMPT),
            Expect(UNTOUCHED, 10),
            HELD,
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
            Expect("failed: running nixos-install: nixos-install exited with 1: nixos-install: stand-in.fail", 4 * STEP),
            Expect("nvme0n1 was erased and is not bootable", 30),
            Expect("autoinstaller: log: autoinstaller.log on the kit partition of /dev/sda", 30),
            Expect(KEYS, 10),
            Type(Serial, "s"),
            Expect("exit returns here", 10),
            // Ctrl-C ends what runs in the shell, and not the shell.
            Type(Serial, "busybox sleep 99999"),
            Wait(3),
            Type(Serial, "\x03"),
            Wait(1),
            Type(Serial, "mount | busybox grep -c ' /mnt ' && exit"),
            HELD,
        ],
        after: &[DiskWritten(0), NotBootable(0), KitHas("autoinstaller.log", "failed: running nixos-install: ")],
        ..BASE
    },
    Scenario {
        name: "failed-after-the-loader",
        proves: "When nixos-install fails after it has installed the boot loader, the firmware finds none on the disk, and its entries are what they were.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[SYSTEM],
        entries: &[LINUX],
        kernel_words: &["stand-in.fail-late"],
        script: &[
            Forbid(INSTALLED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect(STEP_ONE, STEP),
            Expect("fixture: boot loader installed, generation 1", 5 * STEP),
            Expect("failed: running nixos-install: nixos-install exited with 1: nixos-install: stand-in.fail-late", STEP),
            Expect("nvme0n1 was erased and is not bootable", 30),
            HELD,
        ],
        after: &[
            DiskWritten(0),
            EspHas(0, "loader/loader.conf", "default nixos-generation-1.conf"),
            Entries(&["Linux Boot Manager"]),
            NotBootable(0),
        ],
        ..BASE
    },
    Scenario {
        name: "post-mount-fails",
        proves: "A command of the owner that fails stops the installation and is named with its line.",
        core: false,
        firmware: Firmware::Direct,
        host: "stygianlibrary",
        disks: &[NVME],
        // The list of the command line replaces that of the host, whose commands then miss /persist.
        words: &["install.luks.enable=false", "install.extraMountDirs=/other"],
        script: &[
            Forbid(INSTALLED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("creating /other on the new root", 2 * STEP),
            Expect("running 2 lists of post-mount commands", STEP),
            Expect("failed: running post-mount commands 1: bash exited with 1: line 1 failed with 1: chmod", STEP),
            Expect("nvme0n1 was erased and is not bootable", 30),
            HELD,
        ],
        after: &[DiskWritten(0), NotBootable(0)],
        ..BASE
    },
    Scenario {
        name: "boot-commands-fail",
        proves: "Commands of the owner run when the drivers are loaded and before a disk is looked at; that they fail is a warning.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY],
        words: &["install.dry-run"],
        kernel_words: &[OWNER],
        script: &[
            Forbid(INSTALLED),
            Forbid(FAILED),
            Forbid(ASK),
            Expect("autoinstaller: running the boot commands", BOOT),
            Expect("autoinstaller: | nvme is loaded", 30),
            Expect("autoinstaller: | goes on", 10),
            Expect("autoinstaller: | no dock", 10),
            Expect("running the boot commands: sh exited with 3: no dock; the installation goes on", 10),
            Expect("target nvme0n1 (", PROMPT),
            Expect(UNTOUCHED, PROMPT),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "stick-pulled",
        proves: "A stick that is pulled while its closure is unpacked ends in the failure screen, which needs nothing from it.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NVME],
        script: &[
            Forbid(INSTALLED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: step 5/9", STEP),
            Unplug,
            Expect(FAILED, 4 * STEP),
            Expect("nvme0n1 was erased and is not bootable", 30),
            Expect("autoinstaller: log: only in memory", 60),
            HELD,
        ],
        after: &[DiskWritten(0), NotBootable(0)],
        ..BASE
    },
];
