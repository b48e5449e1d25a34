//! `cargo xtask bench`: what a boot costs, see `boot`, and `bench storage`: what it costs to turn an empty disk into mounted file systems, for
//! the installer and for others.
//!
//! All contenders run in one machine, in turn, and each starts on the same empty disk. A contender that fails, or that leaves something
//! else than it was asked for, fails the benchmark.

mod boot;
mod findings;
mod initrd;
mod machine;
mod medium;
mod report;

use std::fs::{self, File};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use findings::Findings;
use report::Report;

use crate::{cache, debian, prerequisites};

/// Rounds that count, unless somebody wants more.
const ROUNDS: u32 = 5;
/// Size of the target in bytes.
const DISK: u64 = 64 << 30;

/// Builds the machine, runs it, and prints the table.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rounds = match words[..] {
        ["boot"] => return boot::run(),
        ["storage"] => ROUNDS,
        ["storage", "--rounds", number] => {
            number.parse().ok().filter(|n| *n > 0).with_context(|| format!("reading `{number}`: how many?"))?
        }
        _ => bail!("reading the command line: `bench boot | storage [--rounds N]`"),
    };
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::MACHINE])?;
    let dir = cache::directory("vm")?.join("bench");
    cache::remove(&dir)?;
    fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    let parts = debian::parts()?;
    let medium = medium::write(&dir.join(machine::MEDIUM), &parts)?;
    initrd::write(&dir.join(machine::INITRD), &parts, &medium, rounds)?;
    File::create(dir.join(machine::TARGET)).and_then(|file| file.set_len(DISK)).context("making the target")?;
    let findings = machine::run(&parts, &dir)?;
    fs::remove_file(dir.join(machine::TARGET)).context("removing the target")?;
    let report = Report::of(&Findings::new(rounds, &findings))?;
    print!("{report}");
    Ok(if report.met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
