//! One contender of `cargo xtask bench storage`: the installer's own wiping, partitioning, formatting and mounting, and nothing else.
//!
//! It erases the disk that the rules choose **without a question**, so it is no part of any medium: only the feature `bench` makes it
//! compile, and it refuses to run but in the machine of the benchmark. The words of its command line are settings, as at boot.

use std::fs::read_to_string;
use std::process::ExitCode;
use std::time::Instant;

use init::act::bench::until_mounted;
use init::act::{ROLE, WITHOUT_FIRMWARE, enter};
use init::decide::{Facts, Outcome, Plan, Step, choose};
use init::error::{Error, Kind, Result};
use init::look::{self, Roots};
use init::medium::Manifest;
use init::pid1::secret::Secret;
use init::settings::{Settings, Source};

/// The word of the kernel command line by which the machine of the benchmark is known.
const MACHINE: &str = "bench.machine";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.as_slice() {
        // As on the medium: this program is started again to become one of stage-2.
        [role, rest @ ..] if [ROLE, WITHOUT_FIRMWARE].contains(&role.as_str()) => Err(enter(role, rest)),
        settings => apply(&settings.join(" ")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("apply: {error}");
            ExitCode::FAILURE
        }
    }
}

fn apply(words: &str) -> Result<()> {
    let mut started = Instant::now();
    let text = |path: &str| read_to_string(path).map_err(|error| Error::new(Kind::System, format!("reading {path}"), error));
    let refused = |cause: &str| Error::new(Kind::Choice, "starting the benchmark", cause);
    if !text("/proc/cmdline")?.split_ascii_whitespace().any(|word| word == MACHINE) {
        return Err(refused("this program erases disks, and this is not the machine for that"));
    }
    let file = text("/etc/autoinstaller/settings")?;
    let settings = Settings::read(&[Source::file("the settings file", &file), Source::command_line(words)])?;
    let mut disks = look::disks()?;
    let medium = look::recognise(Roots::MACHINE, &Manifest::of_this_initrd()?, &mut disks)?;
    let facts = Facts { disks: &disks, entries: &[], driverless: &[], content: 0 };
    let Outcome::Target(choice) = choose(facts, &settings, None)? else { return Err(refused("no disk can be chosen")) };
    let plan = Plan::new(&settings, *choice, &disks, medium.manifest.carried());
    let mut passphrase = Secret::default();
    b"benchmark".iter().for_each(|byte| _ = passphrase.push(*byte));
    until_mounted(&plan, &medium, passphrase, &disks, |step| {
        report(step, &plan, started);
        started = Instant::now();
    })
}

/// Milliseconds since the last one, and what was written to the disk since the machine was (sectors of 512 bytes, zeroing included).
fn report(step: Option<&Step>, plan: &Plan, started: Instant) {
    let name = match step {
        None => "prepare",
        Some(Step::Wipe(_)) => "wipe",
        Some(Step::Partition(_)) => "partition",
        Some(Step::Encrypt(_)) => "encrypt",
        Some(Step::Format(_)) => "format",
        Some(Step::Mount { .. }) => "mount",
        Some(_) => return,
    };
    // Documentation/block/stat.rst: the seventh number.
    let stat = read_to_string(format!("/sys/block/{}/stat", plan.target.name)).unwrap_or_default();
    let written = stat.split_whitespace().nth(6).unwrap_or("unknown");
    println!("STEP {name} {} {written}", started.elapsed().as_millis());
}
