//! What the keys of the failure screen do, and that a fresh PID 1 takes over where the old one cannot go on.

use super::flake::{LEFT, LONG, READY, SSH};
use super::{ASK, BOOT, FAILED, HELD, HELLO, INSTALLED, KEYS, NOISY, NVME, OFF, PROMPT, STEP, STEP_ONE, UNTOUCHED, YES};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, DiskWritten, KitHas, NotBootable, RootHas, TargetInstalled};
use crate::vm::scenario::Console::{Keyboard, Serial};
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Part, Plug, PlugBack, Pull, Type, Unplug};
use crate::vm::scenario::{BASE, Bus, Disk, Firmware, KILLER, Scenario, Step, Vars};

/// The stick's own machine, with words for the kernel.
const ROW: Scenario = Scenario { core: false, firmware: Firmware::Direct, disks: &[NVME], ..BASE };

/// The question once more, and everything after it.
const THIS_TIME: Step = Part(&[YES, Expect("autoinstaller: installed {host} on nvme0n1", 3 * STEP), ExpectPowerOff(OFF)]);

/// `r` where nothing can be repeated.
const OVER: Step = Part(&[
    Expect("press r to start over, s for a shell, p to power off", 30),
    Type(Serial, "r"),
    Expect("starting over", 10),
    Expect(HELLO, 60),
]);

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "retry-in-place",
        proves: "After nixos-install has failed the shell has the tools of stage-2, and r goes on with the same step on the same file systems.",
        core: true,
        kernel_words: &["stand-in.fail-once"],
        script: &[
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("failed: running nixos-install: nixos-install exited with 1: nixos-install: stand-in.fail-once", 6 * STEP),
            Expect("autoinstaller: during: step 7/9 running nixos-install for {host}", 30),
            Expect("autoinstaller: disk: nvme0n1 was erased and is not bootable", 10),
            Expect("autoinstaller: log: autoinstaller.log on the kit partition of /dev/sda (AI-KIT)", 10),
            Expect("autoinstaller: 1. read the lines above and the log", 10),
            Expect("autoinstaller: AI-07 (installation): press r to try again, s for a shell, p to power off", 10),
            Type(Serial, "s"),
            Expect("stage2 PROGRAM ARGUMENTS", 30),
            Type(Serial, "stage2 nix --version && mount | busybox grep -c ' /mnt ' && exit"),
            Expect("nix (Nix) 2.", 60),
            // The whole screen, which has scrolled away.
            Expect("failed: running nixos-install: nixos-install exited with 1", 30),
            Expect("press r to try again", 30),
            Type(Serial, "r"),
            Expect("autoinstaller: step 7/9 once more: running nixos-install for {host}", 10),
            Expect("autoinstaller: installed {host} on nvme0n1", 2 * STEP),
            ExpectPowerOff(OFF),
        ],
        // Written by the first try.
        after: &[TargetInstalled(0), RootHas("/etc/stand-in.failed", "0644 0:0", "failed\n"), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "retry-after-kill",
        proves: "A nixos-install that somebody kills is a failure like any other, and r runs it once more.",
        kernel_words: &["stand-in.hang-once", KILLER],
        script: &[
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: | hanging", 6 * STEP),
            Expect("failed: running nixos-install: nixos-install was killed by signal 9: hanging", STEP),
            Expect("press r to try again", 30),
            // On the screen's own keyboard.
            Type(Keyboard, "r"),
            Expect("once more: running nixos-install for {host}", 10),
            Expect("autoinstaller: installed {host} on nvme0n1", 2 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), RootHas("/etc/stand-in.failed", "0644 0:0", "killed\n"), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "retry-after-hunger",
        proves: "Where a nixos-install takes all memory there is, it is ended and PID 1 is not, the screen says so, and r runs it once more.",
        kernel_words: &["stand-in.eat-once"],
        words: &["install.swap.enable=false"],
        script: &[
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            // Seconds, where the kernel keeps what is in use: without that it was more than ten minutes.
            Expect(
                "failed: running nixos-install: the machine ran out of memory (nixos-install was killed by signal 9): give it more",
                STEP,
            ),
            Expect("autoinstaller: disk: nvme0n1 was erased and is not bootable", 30),
            Expect("press r to try again", 30),
            Type(Serial, "r"),
            Expect("once more: running nixos-install for {host}", 10),
            Expect("autoinstaller: installed {host} on nvme0n1", 2 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), RootHas("/etc/stand-in.failed", "0644 0:0", "eaten\n"), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "flake-retry-in-place",
        proves: "What was cloned and built stays when nixos-install fails, and r asks nobody for it again.",
        kernel_words: &["stand-in.fail-once"],
        finds: &[LEFT],
        script: &[
            Expect(ASK, BOOT + PROMPT + READY),
            Type(Serial, "yes"),
            Expect("failed: running nixos-install: nixos-install exited with 1: nixos-install: stand-in.fail-once", 2 * LONG),
            Expect("press r to try again", 60),
            Type(Serial, "r"),
            Expect("once more: running nixos-install for {host}", 10),
            Expect("autoinstaller: installed {host} on nvme0n1", LONG),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), RootHas("/etc/stand-in.failed", "0644 0:0", "failed\n"), BootsInstalled(Vars::Left)],
        ..SSH
    },
    Scenario {
        name: "start-over-with-a-disk",
        proves: "Where there was no such disk, r looks at the machine again, and every disk can be chosen as before.",
        disks: &[NOISY, Disk { bus: Bus::NvmeLater, serial: "UV0002", ..NVME }],
        words: &["install.disk=UV0002", "install.unattended", "install.confirm=UV0002"],
        script: &[
            Expect("autoinstaller: failed: choosing the disk: UV0002 is no disk's name", BOOT + PROMPT),
            Expect(UNTOUCHED, 10),
            Expect("AI-05 (choice of the disk): ", 10),
            Plug(1),
            OVER,
            Expect("autoinstaller: installed {host} on nvme1n1", PROMPT + 6 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), TargetInstalled(1), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "start-over-on-another-disk",
        proves: "Where the disk that was being written is gone, r makes a plan for another one and warns that a second disk is to be erased.",
        disks: &[NOISY, Disk { bus: Bus::NvmeLater, mib: 32 * 1024, serial: "UV0002", ..NVME }],
        script: &[
            Forbid(INSTALLED),
            Expect(ASK, BOOT + PROMPT),
            Plug(1),
            Expect("the disks have changed: looking again", 60),
            Expect("type yes to erase nvme1n1", PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: step 5/9", 2 * STEP),
            Pull(1),
            Expect("autoinstaller: - unpacking the closure: unsquashfs exited with 1: ", 60),
            Expect(FAILED, 30),
            Expect("disk: nvme1n1 was erased and is not bootable", 30),
            Expect("1. check the disk and its cable", 10),
            OVER,
            Expect("warning: nvme1n1 was erased by the run before, and this plan erases another", PROMPT),
            Expect("type yes to erase nvme0n1", 30),
            Type(Serial, "no"),
            Expect("autoinstaller: declined: nvme1n1 was erased and is not bootable", 30),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), DiskWritten(1), NotBootable(1)],
        ..ROW
    },
    Scenario {
        name: "panic-at-the-question",
        proves: "A panic of PID 1 is shown, a fresh one takes over and shows it once more, and r installs from there.",
        words: &["install.debug.panic=asking"],
        script: &[
            Expect("autoinstaller: failed: the installer itself: panicked at ", BOOT + PROMPT),
            Expect("as install.debug.panic=asking asks for", 10),
            Expect("autoinstaller: failed: running the installer itself: panicked at ", 30),
            Expect("autoinstaller: during: asking for consent", 30),
            Expect("autoinstaller: disk: nothing was written", 10),
            Expect("autoinstaller: log: autoinstaller.log on the kit partition of /dev/sda (AI-KIT)", 60),
            Expect("AI-13 (the installer): ", 10),
            OVER,
            THIS_TIME,
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "panic-in-a-step",
        proves: "After a panic in the middle of the installation the fresh PID 1 knows that the disk was erased, lets go of it, and erases it only when it is asked again.",
        words: &["install.debug.panic=6"],
        script: &[
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: failed: the installer itself: panicked at ", 3 * STEP),
            Expect("as install.debug.panic=6 asks for", 10),
            Expect("autoinstaller: failed: running the installer itself: panicked at ", 30),
            Expect("during: step 6/9 registering the store paths", 30),
            Expect("disk: nvme0n1 was erased and is not bootable", 30),
            OVER,
            Expect("nvme0n1 has 3 partitions now, which WILL ALL BE LOST", PROMPT),
            THIS_TIME,
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "panic-forever",
        proves: "Consent that was given in advance is not used a second time by a PID 1 that starts over.",
        words: &["install.debug.panic=7", "install.confirm=UV0001", "install.unattended"],
        script: &[
            Forbid(INSTALLED),
            Expect("install.confirm=UV0001 agrees to erase nvme0n1", BOOT + PROMPT),
            Expect("autoinstaller: failed: the installer itself: panicked at ", 5 * STEP),
            Expect("as install.debug.panic=7 asks for", 10),
            Expect("disk: nvme0n1 was erased and is not bootable", 30),
            OVER,
            Expect("install.confirm=UV0001 does not count: a disk was erased already", PROMPT),
            Expect("autoinstaller: failed: asking for consent: install.unattended forbids to ask", 30),
            Expect("disk: nvme0n1 was erased and is not bootable", 30),
            HELD,
        ],
        after: &[DiskWritten(0), NotBootable(0), KitHas("autoinstaller.log", "starting over")],
        ..ROW
    },
    Scenario {
        name: "stick-put-back",
        proves: "A stick that was pulled in the middle is missed by name, and once it is back r installs from it.",
        script: &[
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: step 5/9", 2 * STEP),
            Unplug,
            Expect(FAILED, 3 * STEP),
            Expect("nvme0n1 was erased and is not bootable", 30),
            Expect("autoinstaller: log: only in memory", 60),
            OVER,
            Expect("autoinstaller: failed: looking for the medium we booted from: no disk carries the image ", PROMPT),
            Expect("nvme0n1 was erased and is not bootable", 30),
            Expect("AI-02 (the stick): ", 30),
            PlugBack,
            OVER,
            THIS_TIME,
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "stick-pulled-at-the-screen",
        proves: "A stick that is pulled while the failure screen stands is missed when r is pressed, and nothing is tried without it.",
        kernel_words: &["stand-in.fail-once"],
        disks: &[NOISY],
        script: &[
            Forbid(INSTALLED),
            Forbid("once more: "),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("press r to try again", 8 * STEP),
            Unplug,
            Type(Serial, "r"),
            Expect("autoinstaller: failed: going on: the stick was pulled", 30),
            Expect("disk: nvme0n1 was erased and is not bootable", 10),
            Expect("AI-02 (the stick): press r to start over", 60),
            Type(Serial, "p"),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskWritten(0), NotBootable(0)],
        ..ROW
    },
    Scenario {
        name: "keys-on-the-screen",
        proves: "The keyboard of the screen has the same three keys: a shell, starting over, and power-off.",
        disks: &[NOISY],
        words: &["install.dryrun"],
        script: &[
            Forbid(STEP_ONE),
            Forbid(INSTALLED),
            Expect("autoinstaller: failed: reading install.dryrun of the SMBIOS strings", BOOT + PROMPT),
            Expect("AI-01 (settings): press r to start over", 30),
            Type(Keyboard, "s"),
            Expect("shell on tty0: exit returns here", 30),
            Type(Keyboard, "exit"),
            Expect("autoinstaller: failed: reading install.dryrun of the SMBIOS strings", 60),
            Expect(KEYS, 30),
            Type(Keyboard, "r"),
            Expect("starting over", 10),
            Expect("autoinstaller: failed: reading install.dryrun of the SMBIOS strings", PROMPT),
            Expect(KEYS, 30),
            Type(Keyboard, "p"),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..ROW
    },
];
