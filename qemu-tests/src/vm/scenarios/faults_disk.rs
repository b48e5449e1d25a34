//! A target that fails in the middle of an installation.

use super::{ASK, BOOT, FAILED, HELD, INSTALLED, NOISY, NVME, OFF, PROMPT, STEP, STEP_ONE, SYSTEM};
use crate::vm::scenario::After::{DiskWritten, KitHas, NotBootable};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{CtrlAltDel, Expect, ExpectPowerOff, Forbid, Part, Plug, Pull, Stall, Type, Wait};
use crate::vm::scenario::{BASE, Bad, Bus, Disk, Firmware, Request, Scenario, Step};

/// The installation is agreed to and begins.
const BEGINS: Step = Part(&[Forbid(INSTALLED), Expect(ASK, BOOT + PROMPT), Type(Serial, "yes"), Expect(STEP_ONE, STEP)]);
/// What is said behind the cause.
const ERASED: Step = Part(&[
    Expect("nvme0n1 was erased and is not bootable", 30),
    Expect("autoinstaller: log: autoinstaller.log on the kit partition of /dev/sda", 30),
    HELD,
]);
/// The same, where a step that could be repeated otherwise is not.
const LOST: Step = Part(&[
    Expect("nvme0n1 was erased and is not bootable", 30),
    Expect("autoinstaller: AI-06 (the disk): press r to start over", 60),
    Type(Serial, "p"),
    ExpectPowerOff(OFF),
]);
/// It begins with the kernel given to it, on one NVMe disk with something on it, and fails.
const FAILS: Scenario = Scenario {
    core: false,
    firmware: Firmware::Direct,
    disks: &[NOISY],
    after: &[DiskWritten(0), NotBootable(0), KitHas("autoinstaller.log", "failed: ")],
    ..BASE
};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "target-pulled-nvme",
        proves: "An NVMe disk that is pulled while the closure is unpacked ends in the failure screen within 30 s, and PID 1 still answers.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { bus: Bus::NvmeLater, ..NVME }],
        script: &[
            Forbid(INSTALLED),
            Expect("no disk can be the target", BOOT + PROMPT),
            Plug(0),
            Expect(ASK, PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: step 5/9", STEP),
            Pull(0),
            Expect(FAILED, 30),
            Expect("nvme0n1 was erased and is not bootable", 30),
            HELD,
        ],
        after: &[DiskWritten(0), NotBootable(0), KitHas("autoinstaller.log", "failed: ")],
        ..BASE
    },
    Scenario {
        name: "target-pulled-usb",
        proves: "A USB disk that is pulled while the closure is unpacked ends in the failure screen within 30 s, and PID 1 still answers.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[Disk { bus: Bus::UsbLater, ..NVME }],
        words: &["install.disk=UV0001"],
        script: &[
            Forbid(INSTALLED),
            Expect("UV0001 is no disk's name", BOOT + PROMPT),
            Plug(0),
            Expect(ASK, PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: step 5/9", STEP),
            Pull(0),
            Expect(FAILED, 30),
            Expect("sdb was erased and is not bootable", 30),
            HELD,
        ],
        after: &[DiskWritten(0), NotBootable(0), KitHas("autoinstaller.log", "failed: ")],
        ..BASE
    },
    Scenario {
        name: "target-hangs",
        proves: "A disk that answers no write any more, and does not say that it failed, cannot keep the machine from being switched off.",
        disks: &[Disk { bus: Bus::Virtio, ..NOISY }],
        script: &[
            BEGINS,
            Forbid(FAILED),
            Expect("autoinstaller: step 5/9", STEP),
            Stall(0),
            Expect("autoinstaller: still ", 2 * STEP),
            CtrlAltDel,
            Expect("Ctrl-Alt-Del: vda was erased and is not bootable; press it once more within 10 s", 30),
            Wait(2),
            CtrlAltDel,
            Expect("autoinstaller: Ctrl-Alt-Del twice: the installation is cut off; vda was erased and is not bootable", 30),
            Expect("autoinstaller: the disk takes too long to write what is left: that is lost", 120),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskWritten(0), NotBootable(0)],
        ..FAILS
    },
    Scenario {
        name: "target-error-table",
        proves: "A disk that refuses the first sector of the partition table is named with that, and is left without one.",
        disks: &[Disk { bad: &[Bad::Sector(Request::Write, 20)], ..NOISY }],
        script: &[BEGINS, Expect("failed: writing the partition table of nvme0n1: Input/output error", STEP), ERASED],
        ..FAILS
    },
    Scenario {
        name: "target-error-esp",
        proves: "A sector of the ESP that cannot be written fails its formatting.",
        disks: &[Disk { bad: &[Bad::Sector(Request::Write, 2048 + 32)], ..NOISY }],
        script: &[
            BEGINS,
            Expect(
                "failed: formatting /dev/nvme0n1p1: mkfs.vfat exited with 1: mkfs.vfat: unable to synchronize /dev/nvme0n1p1:Input/output error",
                STEP,
            ),
            ERASED,
        ],
        ..FAILS
    },
    Scenario {
        name: "target-error-root",
        proves: "A sector of the root that cannot be written fails its formatting.",
        disks: &[Disk { bad: &[Bad::Sector(Request::Write, ROOT + 2)], ..NOISY }],
        script: &[
            BEGINS,
            Expect("failed: formatting /dev/nvme0n1p2: mkfs.ext4 exited with 1: mkfs.ext4: Input/output error while writing out", STEP),
            ERASED,
        ],
        ..FAILS
    },
    Scenario {
        name: "target-error-store",
        proves: "Sectors in the middle of the store that cannot be written are found before the disk is read back.",
        disks: &[Disk { bad: STORE, ..NOISY }],
        script: &[BEGINS, Expect("failed: writing everything to the disk: No data available", STEP), ERASED],
        ..FAILS
    },
    Scenario {
        name: "target-error-before-retry",
        proves: "Where a step fails that could be repeated, and the disk has lost something besides, that is said, and r starts over.",
        kernel_words: &["stand-in.fail-once"],
        disks: &[Disk { bad: STORE, ..NOISY }],
        script: &[
            BEGINS,
            Expect("autoinstaller: running nixos-install: nixos-install exited with 1: nixos-install: stand-in.fail-once", 6 * STEP),
            Expect("autoinstaller: - running nixos-install: nixos-install exited with 1", 60),
            Expect("autoinstaller: failed: writing everything to the disk: No data available", 10),
            LOST,
        ],
        ..FAILS
    },
    Scenario {
        name: "target-error-journal",
        proves: "Where the journal of the new root cannot be written the file system gives up, and r starts over instead of trying in vain.",
        disks: &[Disk { bad: JOURNAL, ..NOISY }],
        script: &[BEGINS, Expect("autoinstaller: failed: writing everything to the disk: Input/output error", 6 * STEP), LOST],
        ..FAILS
    },
    Scenario {
        name: "target-error-flush",
        proves: "A disk that cannot say that it kept what was written is not gone on with.",
        disks: &[Disk { bad: &[Bad::All(Request::Flush)], ..SYSTEM }],
        script: &[BEGINS, Expect("failed: flushing nvme0n1: ", STEP), ERASED],
        ..FAILS
    },
    Scenario {
        name: "target-wraps",
        proves: "A disk of 4 GiB that says it has 16 is found out in the first step.",
        disks: &[Disk { bad: &[Bad::Wraps(4096)], ..NOISY }],
        script: &[
            BEGINS,
            Expect(
                "failed: checking that nvme0n1 keeps what is written to it: what was written at 0.0 KiB of 16.0 GiB is not there: ",
                STEP,
            ),
            Expect("it has less room than it says, or is broken", 10),
            ERASED,
        ],
        ..FAILS
    },
    Scenario {
        name: "target-end-unreadable",
        proves: "A disk whose last sector cannot be read fails in the first step, though it was named.",
        disks: &[Disk { bad: &[Bad::Sector(Request::Read, 16 * 1024 * 2048 - 1)], ..NOISY }],
        words: &["install.disk=UV0001"],
        script: &[BEGINS, Expect("failed: checking that nvme0n1 keeps what is written to it: Input/output error", STEP), ERASED],
        ..FAILS
    },
];

/// First sector of the root.
const ROOT: u64 = 1025 * 2048;
/// Sectors of the groups in which ext4 may put the files of the store, but for those in which it has its journal. The largest file has 8 MiB
/// in one piece.
const STORE: &[Bad] = &[some(64, 512), some(2244, 2560), some(4160, 4608)];

/// Where ext4 has that journal, but for its first block, which mkfs writes.
const JOURNAL: &[Bad] = &[Bad::Some(Request::Write, ROOT + 2176 * 2048 + 8, ROOT + 2240 * 2048)];

/// Between so many MiB behind the beginning of the root, beside its tables.
const fn some(from: u64, to: u64) -> Bad {
    Bad::Some(Request::Write, ROOT + from * 2048 + 7168, ROOT + to * 2048)
}
