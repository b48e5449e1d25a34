//! Encrypted hosts: what is asked, what becomes of it, and that nothing but the container knows.

use super::dirty::AT_NEW_ENDS;
use super::{ASK, BOOT, FAILED, HELD, NOISY, NVME, OFF, PROMPT, REFUSED, STEP, STEP_ONE, UNTOUCHED};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, KitHas, TargetInstalled};
use crate::vm::scenario::Console::{Keyboard, Serial};
use crate::vm::scenario::Step::{Expect, ExpectAll, ExpectErased, ExpectPowerOff, ExpectReset, Forbid, Part, Type, WriteDown};
use crate::vm::scenario::{BASE, Bus, Dirty, Disk, Firmware, OBSERVED, Prefill, Scenario, Step, Table, Vars};

/// Of words, so that no other text has it.
const PASSPHRASE: &str = "correct horse battery";
/// Two letters of two bytes and one of three.
const UTF8: &str = "gr\u{fc}ner K\u{e4}fer \u{20ac}5";

/// What comes of the keys that make the other text on a US keyboard: y and z have changed places, and two letters have two bytes.
const GERMAN: &str = "zwei lazy Stra\u{df}en \u{f6}l";
const GERMAN_KEYS: &str = "ywei layz Stra-en ;l";

const FIRST: &str = "passphrase for SL-LUKS, keyboard layout us (input is hidden): ";
const AGAIN: &str = "the same passphrase again: ";

const TYPED: Step =
    Part(&[Expect(FIRST, PROMPT), Type(Serial, PASSPHRASE), Expect(AGAIN, 30), Type(Serial, PASSPHRASE), Expect(STEP_ONE, STEP)]);
const ENCRYPTING: Step = Expect("encrypting nvme0n1p2 (LUKS2 SL-LUKS) and opening it as cryptroot", STEP);
const TO_THE_END: Step = Part(&[Expect("autoinstaller: installed {host} on nvme0n1", 3 * STEP), ExpectPowerOff(OFF)]);
const YES_AND_PASSPHRASE: Step = Part(&[Expect(ASK, BOOT + PROMPT), Type(Serial, "yes"), TYPED]);

/// A swap partition, and another cost of the key derivation.
const SWAP: &[&str] = &[
    "install.swap.enable=true",
    "install.swap.size=2G",
    "install.labels.swap=SL-SWAP",
    "install.luks.pbkdf.memory=64",
    "install.luks.pbkdf.iterations=5",
    "install.luks.pbkdf.parallel=1",
];

/// A row of this file.
const ROW: Scenario = Scenario {
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
            YES_AND_PASSPHRASE,
            ENCRYPTING,
            Expect("creating /persist on the new root", STEP),
            Expect("running the post-mount commands", STEP),
            Expect("autoinstaller: | the ESP is /dev/nvme0n1p1", STEP),
            TO_THE_END,
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-typing",
        proves: "An empty passphrase and two that differ are asked again, nothing typed is echoed, and UTF-8 is taken byte for byte.",
        passphrase: Some(UTF8),
        script: &[
            Forbid(FAILED),
            Forbid("mistyped"),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect(FIRST, PROMPT),
            Type(Serial, ""),
            Expect("an empty passphrase protects nothing: again", 30),
            Expect(FIRST, 30),
            Type(Serial, "mistyped 1"),
            Expect(AGAIN, 30),
            Type(Serial, "mistyped 2"),
            Expect("the passphrases differ: again", 30),
            Expect(FIRST, 30),
            Type(Serial, UTF8),
            Expect(AGAIN, 30),
            Type(Serial, UTF8),
            ENCRYPTING,
            TO_THE_END,
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-recovery",
        proves: "A passphrase typed on the screen is asked for again there, and a recovery key is shown there alone, taken away, and opens the disk.",
        firmware: Firmware::DirectBios,
        words: &["install.force-uefi", "install.luks.recoveryKey", "install.luks.pbkdf.memory=64"],
        kernel_words: &[OBSERVED],
        script: &[
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect(FIRST, PROMPT),
            Type(Keyboard, PASSPHRASE),
            Expect(AGAIN, 30),
            Type(Serial, "from another keyboard"),
            Type(Keyboard, PASSPHRASE),
            Expect("press Enter on tty0 when the recovery key is written down: ", 60),
            WriteDown("autoinstaller: recovery key: ", 30),
            Type(Keyboard, ""),
            ExpectErased(30),
            ENCRYPTING,
            Expect("adding the recovery key to nvme0n1p2", STEP),
            TO_THE_END,
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..ROW
    },
    Scenario {
        name: "encrypted-layout",
        proves: "A passphrase typed on the keyboard in the layout of the settings is what other keyboards with that layout would type.",
        passphrase: Some(GERMAN),
        words: &["install.keymap=de-latin1", "install.luks.pbkdf.memory=64"],
        script: &[
            Forbid(FAILED),
            Expect("autoinstaller: the keyboard layout is de-latin1", BOOT),
            Expect(ASK, PROMPT),
            Type(Keyboard, "zes"),
            Expect("passphrase for SL-LUKS, keyboard layout de-latin1 (input is hidden): ", PROMPT),
            Type(Keyboard, GERMAN_KEYS),
            Expect(AGAIN, 30),
            Type(Keyboard, GERMAN_KEYS),
            ENCRYPTING,
            TO_THE_END,
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-key-file",
        proves: "An encrypted host is installed with nobody there: its passphrase is the text of a file on the kit, less its line end.",
        kit: &[("passphrase", "correct horse battery\n")],
        words: &["install.luks.keyFile=passphrase", "install.luks.pbkdf.memory=64", "install.unattended", "install.confirm=UV0001"],
        kernel_words: &[OBSERVED],
        script: &[
            Forbid(FAILED),
            Forbid(ASK),
            Forbid("passphrase for"),
            Expect("the passphrase is that of passphrase on the kit partition", BOOT + PROMPT),
            Expect("install.confirm=UV0001 agrees to erase nvme0n1", PROMPT),
            ENCRYPTING,
            TO_THE_END,
        ],
        after: &[
            TargetInstalled(0),
            KitHas("passphrase", PASSPHRASE),
            KitHas("autoinstaller/{guid}-UV0001.txt", "{guid} erased nvme0n1 ("),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "key-file-missing",
        proves: "A key file that is not on the kit is named, and the disk is left as it is.",
        passphrase: None,
        disks: &[NOISY],
        words: &["install.luks.keyFile=passphrase", "install.unattended", "install.confirm=UV0001"],
        script: &[
            REFUSED,
            Expect("failed: reading luks.keyFile passphrase from the kit partition: No such file or directory", PROMPT),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..ROW
    },
    Scenario {
        name: "encrypted-4kn",
        proves: "A container on sectors of 4096 bytes is as any other.",
        disks: &[Disk { bus: Bus::Virtio, sector: 4096, ..NVME }],
        script: &[
            Forbid(FAILED),
            YES_AND_PASSPHRASE,
            Expect("encrypting vda2 (LUKS2 SL-LUKS) and opening it as cryptroot", STEP),
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
            YES_AND_PASSPHRASE,
            ENCRYPTING,
            Expect("leaving nvme0n1p3 (SL-SWAP) for the system's own random encryption", STEP),
            ExpectAll(&["OBSERVED CRYPT-PLAIN-installation-swap", "OBSERVED swap on /dev/dm-1"], STEP),
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
            Expect("leaving vda3 (SL-SWAP) for the system's own random encryption", STEP),
            Expect("autoinstaller: installed {host} on vda", 3 * STEP),
            ExpectPowerOff(OFF),
        ],
        ..ROW
    },
];
