//! The table of all scenarios. A row is data: what runs it is elsewhere, and nothing here may branch.

mod adverse;
mod ask;
mod bystanders;
mod choose;
mod clone;
mod consoles;
mod dirty;
mod drivers;
mod encrypted;
mod fault;
mod faults_disk;
mod faults_stick;
mod firmware;
mod flake;
mod forbidden;
mod install;
mod killed;
mod kit;
mod kit_fault;
mod late;
mod memory;
mod named;
mod online;
mod passphrase;
mod process;
mod refuse;
mod repository;
mod retry;
mod ssh;
mod ssh_nobody;
mod standing;

use super::scenario::Console::Serial;
use super::scenario::Step::{Expect, ExpectPowerOff, Forbid, Part, Type};
use super::scenario::{Bus, Disk, Entry, KEYS, Prefill, Scenario, Step};

/// Every scenario, by group.
pub fn all() -> Vec<&'static Scenario> {
    let machines = [install::ROWS, choose::ROWS, bystanders::ROWS, named::ROWS, late::ROWS, dirty::ROWS];
    let repositories = [online::ROWS, flake::ROWS, adverse::ROWS, repository::ROWS, clone::ROWS, ssh::ROWS, ssh_nobody::ROWS];
    let persons = [ask::ROWS, consoles::ROWS, standing::ROWS, encrypted::ROWS, passphrase::ROWS, kit::ROWS, refuse::ROWS, fault::ROWS];
    let troubles = [drivers::ROWS, forbidden::ROWS, retry::ROWS, process::ROWS, firmware::ROWS, killed::ROWS];
    let faults = [faults_disk::ROWS, faults_stick::ROWS, kit_fault::ROWS, memory::ROWS];
    machines.into_iter().chain(repositories).chain(persons).chain(troubles).chain(faults).flatten().collect()
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
const ASK: &str = "type yes to erase ";
/// The end of every failure.
const FAILED: &str = "autoinstaller: failed: ";
/// What is said to anything that is no answer.
const NO_ANSWER: &str = "please answer with one of these words";
/// What a failure before the first write says.
const UNTOUCHED: &str = "nothing was written";
/// Any success.
const INSTALLED: &str = "autoinstaller: installed ";
/// The first step of any plan that is carried out.
const STEP_ONE: &str = "autoinstaller: step 1/";

/// A machine on which nothing may be installed, and nobody is even asked.
const REFUSED: Step = Part(&[Forbid(INSTALLED), Forbid(STEP_ONE), Forbid(ASK), Expect(HELLO, BOOT)]);

/// The machine is asked about and left as it is.
const REFUSES_NOTHING: Step = Part(&[Forbid(FAILED), Forbid(INSTALLED), Forbid(STEP_ONE)]);
/// The plan is not carried out: what was chosen is on the screen.
const NO: Step = Part(&[Expect(ASK, PROMPT), Type(Serial, "no"), ExpectPowerOff(OFF)]);

/// The plan is agreed to on the serial console, and begun.
const YES: Step = Part(&[Expect(ASK, PROMPT), Type(Serial, "yes"), Expect(STEP_ONE, STEP)]);
/// An installation on a SATA or USB disk. The stick and the disk race for their names.
const ON_SDX: &[Step] = &[
    Forbid(FAILED),
    Expect(ASK, BOOT + PROMPT),
    Type(Serial, "yes"),
    Expect("autoinstaller: installed {host} on sd", 5 * STEP),
    ExpectPowerOff(OFF),
];

/// The end of the failure screen, whose key switches the machine off.
const HELD: Step = Part(&[Expect(KEYS, 60), Type(Serial, "p"), ExpectPowerOff(OFF)]);

/// An empty NVMe disk with room for everything.
const NVME: Disk = Disk { bus: Bus::Nvme, mib: 16 * 1024, sector: 512, serial: "UV0001", prefill: Prefill::Empty, bad: &[] };
/// The same with something on it that nothing recognises.
const NOISY: Disk = Disk { prefill: Prefill::Noise, ..NVME };

/// A data disk: larger, and with more partitions.
const DATA: Disk =
    Disk { bus: Bus::Sata, mib: 64 * 1024, serial: "DATA01", prefill: Prefill::Table { esp: true, ids: &[7, 8, 9, 10] }, ..NVME };
/// The system's disk.
const SYSTEM: Disk = Disk { prefill: Prefill::Table { esp: true, ids: &[5, 6] }, ..NVME };
/// The firmware's entry for it.
const LINUX: Entry = Entry { number: 3, description: "Linux Boot Manager", partition: [5; 16], active: true };

#[cfg(test)]
mod tests;
