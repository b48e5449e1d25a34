//! What a person, the kernel and other programs do to PID 1 and to what it has started.

use super::{ASK, BOOT, FAILED, INSTALLED, NOISY, NVME, OFF, PROMPT, STEP, STEP_ONE};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, DiskWritten, NotBootable, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{CtrlAltDel, Expect, ExpectAll, ExpectPowerOff, Forbid, Type, Wait};
use crate::vm::scenario::{BASE, Firmware, MISER, PARENT, PEST, Scenario, Vars};

/// The stick's own machine, with words for the kernel.
const ROW: Scenario = Scenario { core: false, firmware: Firmware::Direct, disks: &[NVME], ..BASE };

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "ctrl-alt-del-at-the-question",
        proves: "Ctrl-Alt-Del switches the machine off as long as nothing is written.",
        disks: &[NOISY],
        script: &[
            Forbid(FAILED),
            Forbid(STEP_ONE),
            Forbid(INSTALLED),
            Expect(ASK, BOOT + PROMPT),
            CtrlAltDel,
            Expect("autoinstaller: Ctrl-Alt-Del: nothing was written", 30),
            Expect("autoinstaller: powering off", 10),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..ROW
    },
    Scenario {
        name: "ctrl-alt-del-in-a-step",
        proves: "While a disk is written Ctrl-Alt-Del asks, and only a second one soon after it cuts the installation off.",
        kernel_words: &["stand-in.hang-once"],
        script: &[
            Forbid(INSTALLED),
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: | hanging", 6 * STEP),
            CtrlAltDel,
            Expect("Ctrl-Alt-Del: nvme0n1 was erased and is not bootable; press it once more within 10 s to switch the machine off", 30),
            // That is no answer.
            Wait(15),
            CtrlAltDel,
            Expect("press it once more within 10 s to switch the machine off", 30),
            Wait(2),
            CtrlAltDel,
            Expect("autoinstaller: Ctrl-Alt-Del twice: the installation is cut off; nvme0n1 was erased and is not bootable", 30),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskWritten(0), NotBootable(0)],
        ..ROW
    },
    Scenario {
        name: "log-full",
        proves: "A log that has no more room says so, and the installation goes on without it.",
        kernel_words: &[MISER],
        script: &[
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: the log is full and ends here", 3 * STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", 3 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "signals-to-pid-1",
        proves: "No signal of another process ends, stops or confuses PID 1, nor is it taken for Ctrl-Alt-Del.",
        kernel_words: &[PEST],
        script: &[
            Forbid(FAILED),
            Forbid("Ctrl-Alt-Del"),
            Expect("PESTERED 64 TIMES", BOOT),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: installed {host} on nvme0n1", 6 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "helper-leaves-daemons",
        proves: "A helper that starts daemons and is killed is a warning, and what it leaves is ended before the new root is unmounted and read back.",
        kernel_words: &[PARENT],
        script: &[
            Forbid(FAILED),
            Expect("running the boot commands: sh was killed by signal 9: leaving; the installation goes on", BOOT),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            ExpectAll(&["DAEMON 1 STAYS", "DAEMON 2 STAYS", "DAEMON 3 STAYS"], 2 * STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", 6 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
];
