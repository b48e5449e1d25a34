//! The question: what counts as consent, on which console, and that a dry run does not ask.

use super::{ASK, BOOT, FAILED, HELLO, INSTALLED, NO, NO_ANSWER, NOISY, OFF, PROMPT, REFUSES_NOTHING, STEP_ONE, UNTOUCHED};
use crate::vm::scenario::After::DiskUnchanged;
use crate::vm::scenario::Console::{Keyboard, Serial};
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Send, Type, Wait};
use crate::vm::scenario::{BASE, Firmware, Scenario};

/// How long a question takes to be asked again.
const AGAIN: u64 = 30;

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "no-confirm",
        proves: "Nothing but the exact word is consent: anything else is asked again, and `no` powers off with the disk untouched.",
        firmware: Firmware::Direct,
        disks: &[NOISY],
        script: &[
            Forbid(INSTALLED),
            Forbid(FAILED),
            Forbid(STEP_ONE),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, ""),
            Expect(ASK, AGAIN),
            Type(Serial, "YES"),
            Expect(ASK, AGAIN),
            Type(Serial, " yes please"),
            Expect(ASK, AGAIN),
            Type(Serial, "no"),
            Expect(UNTOUCHED, AGAIN),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "dry-run",
        proves: "A dry run shows the whole plan, asks nothing and writes nothing.",
        firmware: Firmware::Direct,
        disks: &[NOISY],
        words: &["install.dry-run"],
        script: &[
            Forbid(INSTALLED),
            Forbid(FAILED),
            Forbid(ASK),
            Expect(HELLO, BOOT),
            Expect("wiping old signatures from nvme0n1", PROMPT),
            Expect("nvme0n1p2 (ext4 UV-ROOT)", AGAIN),
            Expect(UNTOUCHED, PROMPT),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "typed-ahead",
        proves: "A yes that was typed on either console before the question stood there is no answer to it.",
        core: false,
        firmware: Firmware::Direct,
        disks: &[NOISY],
        script: &[
            REFUSES_NOTHING,
            Forbid("the medium is whole"),
            Expect(HELLO, BOOT),
            Type(Serial, "yes"),
            Type(Keyboard, "yes"),
            Expect(ASK, PROMPT),
            Wait(5),
            Type(Serial, "no"),
            Expect(UNTOUCHED, AGAIN),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "noise-on-the-line",
        proves: "Ten thousand characters, control bytes and bytes outside ASCII are no answer, and the proper one that follows counts.",
        firmware: Firmware::Direct,
        disks: &[NOISY],
        script: &[
            REFUSES_NOTHING,
            Expect(ASK, BOOT + PROMPT),
            Send(&[b'y'; 10_000]),
            Type(Serial, "es"),
            Expect(NO_ANSWER, AGAIN),
            Expect(ASK, AGAIN),
            Send(b"\0\x03\x04\x1a\x7f\x15\x1b[A\x1b]0;\x07\xff\xfe"),
            Type(Serial, "yes"),
            Expect(NO_ANSWER, AGAIN),
            NO,
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
];
