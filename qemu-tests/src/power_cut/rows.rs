//! The installations of the proof, as data.

use crate::vm::scenario::After::TargetInstalled;
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Type};
use crate::vm::scenario::{BASE, Bus, Disk, Firmware, Prefill, Scenario, Step};

/// From power-on to the question, in seconds, on a busy host.
const ASKS: u64 = 400;
/// From the answer to the last line.
const INSTALLS: u64 = 1500;

const SCRIPT: &[Step] = &[
    Forbid("autoinstaller: failed: "),
    Expect("type yes to erase nvme0n1 ", ASKS),
    Type(Serial, "yes"),
    Expect("autoinstaller: installed {host} on nvme0n1", INSTALLS),
    ExpectPowerOff(120),
];

/// The disk whose writes are recorded.
pub const DISK: Disk = Disk { bus: Bus::NvmeRecorded, mib: 16 * 1024, sector: 512, serial: "UV0001", prefill: Prefill::Empty, bad: &[] };

/// The installation that is recorded, on an empty disk. It leaves variables in the firmware as well.
pub const FRESH: Scenario = Scenario {
    name: "fresh",
    proves: "An installation on a disk whose writes are recorded is complete.",
    firmware: Firmware::Direct,
    disks: &[DISK],
    script: SCRIPT,
    after: &[TargetInstalled(0)],
    ..BASE
};

/// The same on a disk that has a whole system: until that is gone, firmware boots it.
pub const OVER: Scenario = Scenario { name: "over", disks: &[Disk { prefill: Prefill::Beside, ..DISK }], ..FRESH };

/// The same on a disk that has another system, whose loaders lie elsewhere.
pub const OTHER: Scenario = Scenario { name: "other", ..OVER };

/// The same stick on the disk that a cut has left.
pub const AGAIN: Scenario = Scenario { name: "again", disks: &[Disk { bus: Bus::Nvme, prefill: Prefill::Beside, ..DISK }], ..FRESH };

/// What a disk says that boots what was there before: where its ESP and its swap are does not matter.
pub const OLD_SYSTEM: &[Step] = &[Expect("FIXTURE-BOOTED {host} generation=system-1-link system={toplevel}", ASKS), ExpectPowerOff(120)];
