//! The power fails while a disk is written, and the same stick is run again on what is left of it.
//!
//! Each row has a line, and a seed that draws a moment from the milliseconds after it.

use super::encrypted::{self, TYPED};
use super::{ASK, BOOT, FAILED, HELLO, NVME, OFF, PROMPT, STEP, STEP_ONE};
use crate::vm::scenario::After::{BootsInstalled, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, LosePower, Part, Type};
use crate::vm::scenario::{BASE, Firmware, Scenario, Step, Vars};

const PLAIN: Scenario =
    Scenario { core: false, firmware: Firmware::Direct, disks: &[NVME], after: &[TargetInstalled(0), BootsInstalled(Vars::Left)], ..BASE };

/// The machine is asked about once more: nobody has consented to this.
const AGAIN: Step = Part(&[Expect(HELLO, BOOT), Expect(ASK, PROMPT), Type(Serial, "yes")]);
/// The first time. The line of the first step may be the last one.
const AGREED: Step = Part(&[Expect(ASK, BOOT + PROMPT), Type(Serial, "yes")]);
const TO_THE_END: Step = Part(&[Expect("autoinstaller: installed {host} on nvme0n1", 3 * STEP), ExpectPowerOff(OFF)]);

/// A name, what it proves, the last line before the power fails, the seed, and milliseconds.
macro_rules! plain {
    ($name:literal, $proves:literal, $line:expr, $seed:literal, $longest:literal) => {
        Scenario {
            name: $name,
            proves: $proves,
            script: &[Forbid(FAILED), AGREED, Expect($line, STEP), LosePower($seed, $longest), AGAIN, Expect(STEP_ONE, STEP), TO_THE_END],
            ..PLAIN
        }
    };
}

/// The same with a passphrase, which is typed both times.
macro_rules! encrypted {
    ($name:literal, $proves:literal, $line:expr, $seed:literal, $longest:literal) => {
        Scenario {
            name: $name,
            proves: $proves,
            script: &[Forbid(FAILED), AGREED, TYPED, Expect($line, STEP), LosePower($seed, $longest), AGAIN, TYPED, TO_THE_END],
            ..encrypted::ROW
        }
    };
}

pub const ROWS: &[Scenario] = &[
    plain!("killed-at-01", "A disk whose wiping was cut off is installed on by the next run.", "step 1/9 wiping", 1, 20),
    plain!("killed-at-02", "A disk with half its file systems is installed on by the next run.", "step 3/9 formatting", 2, 250),
    encrypted!("killed-at-03", "A container whose making was cut off is no obstacle to the next run.", "encrypting nvme0n1p2", 3, 3000),
    plain!("killed-at-04", "File systems that were mounted when the power failed are wiped by the next run.", "step 4/9 mounting", 4, 100),
    plain!("killed-at-05", "A store of which a part was unpacked is not gone on with but wiped.", "step 5/9 unpacking", 5, 800),
    encrypted!(
        "killed-at-06",
        "A store in a container, of which a part was unpacked, is wiped with the container.",
        "unpacking the closure",
        6,
        1000
    ),
    plain!("killed-at-07", "A half-written database of store paths is wiped with its store.", "step 6/9 registering", 7, 1500),
    plain!(
        "killed-at-08",
        "A system that nixos-install was about to finish is wiped by the next run.",
        "step 7/9 running nixos-install",
        8,
        2000
    ),
    encrypted!("killed-at-09", "A complete container without a loader is wiped by the next run.", "reading the disk back", 9, 5000),
    plain!(
        "killed-at-10",
        "A disk that was being made bootable is installed on by the next run.",
        "step 9/9 making nvme0n1 bootable",
        10,
        20
    ),
];
