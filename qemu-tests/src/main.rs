//! `cargo xtask`: one file per verb. Builds media, runs them in QEMU, checks the repository.

mod cache;
mod ci;
mod closure;
mod command;
mod debian;
mod fixture;
mod host;
mod image;
mod iso;
mod nix;
mod parts;
mod prerequisites;
mod run;
mod tidy;
mod vm;
mod vm_test;

use std::process::ExitCode;

use anyhow::Result;

/// Name, its arguments and one line of help, and what to call with the rest of the words.
type Verb = (&'static str, &'static str, &'static str, fn(&[String]) -> Result<ExitCode>);

const VERBS: &[Verb] = &[
    ("iso", "HOST [--out FILE] [--stage2-overlay DIR]", "makes the medium of a host", iso::run),
    ("run", "HOST [--stage2-overlay DIR]", "installs a host in QEMU with the console on this terminal, then boots it", run::run),
    ("vm-test", "[NAME...] [--list] [--all] [--jobs N] [--stage2-overlay DIR]", "tests media in virtual machines", vm_test::run),
    ("tidy", "", "checks the rules of the repository", tidy::run),
    ("ci", "[--all]", "all tests: format, lints, tidy, unit tests, virtual machines", ci::run),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let verb = words.split_first().and_then(|(word, rest)| Some((VERBS.iter().find(|(name, ..)| name == word)?.3, rest)));
    let Some((run, rest)) = verb else {
        VERBS.iter().for_each(|(name, arguments, help, _)| eprintln!("cargo xtask {name} {arguments}\n    {help}"));
        return ExitCode::from(2);
    };
    run(rest).unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::from(if error.is::<prerequisites::Missing>() { 2 } else { 1 })
    })
}
