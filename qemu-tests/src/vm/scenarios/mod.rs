//! The table of all scenarios. A row is data: what runs it is elsewhere, and nothing here may branch.

mod ask;
mod choose;
mod fault;
mod install;
mod refuse;
mod standing;

use super::scenario::Console::Serial;
use super::scenario::Step::{Expect, ExpectPowerOff, Forbid, Part, Type};
use super::scenario::{Bus, Disk, KEYS, Prefill, Scenario, Step};

/// Every scenario, by group.
pub fn all() -> Vec<&'static Scenario> {
    [install::ROWS, choose::ROWS, standing::ROWS, ask::ROWS, refuse::ROWS, fault::ROWS].into_iter().flatten().collect()
}

/// Power-on to the installer's first line: firmware, loader with its menu, kernel. Under load three times what it takes.
const BOOT: u64 = 180;
/// Until the question is asked: drivers, disks, and the digests of the medium.
const PROMPT: u64 = 120;
/// One step of the installation.
const STEP: u64 = 180;
/// From the last line to power-off.
const OFF: u64 = 60;

/// The first line of the installer.
const HELLO: &str = "autoinstaller: looking at this machine";
/// The question.
const ASK: &str = "autoinstaller: type yes to ";
/// The end of every failure.
const FAILED: &str = "autoinstaller: failed: ";
/// What a failure before the first write says.
const UNTOUCHED: &str = "nothing was written";
/// Any success.
const INSTALLED: &str = "autoinstaller: installed ";
/// The first step of any plan that is carried out.
const STEP_ONE: &str = "autoinstaller: step 1/";

/// A machine on which nothing may be installed, and nobody is even asked.
const REFUSED: Step = Part(&[Forbid(INSTALLED), Forbid(STEP_ONE), Forbid(ASK), Expect(HELLO, BOOT)]);

/// The end of the failure screen, whose key switches the machine off.
const HELD: Step = Part(&[Expect(KEYS, 60), Type(Serial, "p"), ExpectPowerOff(OFF)]);

/// An empty NVMe disk with room for everything.
const NVME: Disk = Disk { bus: Bus::Nvme, mib: 16 * 1024, sector: 512, serial: "UV0001", prefill: Prefill::Empty };

#[cfg(test)]
mod tests;
