//! Where the passphrase of an encrypted host comes from: hands on a console, or the kit; and the second key that is made beside it.

use super::encrypted::{AGAIN, ENCRYPTING, FIRST, PASSPHRASE, ROW, TO_THE_END};
use super::{ASK, BOOT, FAILED, HELD, NOISY, PROMPT, REFUSED, STEP, UNTOUCHED};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, KitHas, TargetInstalled};
use crate::vm::scenario::Console::{Keyboard, Serial};
use crate::vm::scenario::Step::{Expect, ExpectErased, Forbid, Type, WriteDown};
use crate::vm::scenario::{Firmware, OBSERVED, Scenario, Vars};

/// Two letters of two bytes and one of three.
const UTF8: &str = "gr\u{fc}ner K\u{e4}fer \u{20ac}5";
/// What comes of the keys that make the other text on a US keyboard: y and z have changed places, and two letters have two bytes.
const GERMAN: &str = "zwei lazy Stra\u{df}en \u{f6}l";
const GERMAN_KEYS: &str = "ywei layz Stra-en ;l";

pub const ROWS: &[Scenario] = &[
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
            Expect("type written on tty0 when the recovery key is written down: ", 60),
            WriteDown("autoinstaller: recovery key: ", 30),
            Type(Keyboard, ""),
            Expect("type written on tty0 when the recovery key is written down: ", 30),
            Type(Keyboard, "written"),
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
            Expect("passphrase for STYGIAN-LUKS, keyboard layout de-latin1 (input is hidden): ", PROMPT),
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
];
