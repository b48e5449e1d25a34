//! `cargo xtask`: one file per verb. Builds media, runs them in QEMU, checks the repository.

mod bench;
mod bundle;
mod cache;
mod ci;
mod closure;
mod command;
mod debian;
mod fat;
mod fixture;
mod given;
mod host;
mod image;
mod iso;
mod kernel;
mod kit;
mod lock;
mod nix;
mod nix_iso;
mod nix_test;
mod parts;
mod power_cut;
mod prerequisites;
mod registration;
mod run;
mod servers;
mod stamp;
mod tidy;
mod tools;
mod vm;
mod vm_test;

use std::process::ExitCode;

use anyhow::Result;
use rustix::fs::Mode;
use rustix::process::umask;

/// A word of the command line.
struct Verb {
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    /// Whether it writes under `target/`, and so waits for others that do.
    writes: bool,
    run: fn(&[String]) -> Result<ExitCode>,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "iso",
        arguments: "HOST [--out FILE] [--stage2-overlay DIR] [--repo DIR] [--deploy-key FILE]\n        [--certificates FILE] [--kernel own] | \
                    --parts FILE [--repo DIR] --out FILE",
        help: "makes the medium of a host, or one of given parts",
        writes: true,
        run: iso::run,
    },
    Verb {
        name: "kit",
        arguments: "add MEDIUM [--host NAME] [--age FILE] [--ssh-host-key FILE] [--deploy-key FILE] [--luks-key FILE] [--settings FILE]\n    \
                    [--file SRC:DEST[:MODE[:UID:GID]]]... | list MEDIUM | wipe MEDIUM",
        help: "puts secrets and settings on the kit partition of an image or a stick, lists or removes them",
        writes: false,
        run: kit::run,
    },
    Verb {
        name: "kernel",
        arguments: "check CONFIG[.gz] | config | build | compare",
        help: "judges a kernel's configuration, resolves the repository's own, builds that kernel, holds our reading of its tables against libkmod",
        writes: false,
        run: kernel::run,
    },
    Verb {
        name: "run",
        arguments: "HOST [--stage2-overlay DIR]",
        help: "installs a host in QEMU with the console on this terminal, then boots it",
        writes: true,
        run: run::run,
    },
    Verb {
        name: "vm-test",
        arguments: "[NAME...] [--list] [--all] [--jobs N] [--stage2-overlay DIR] [--kernel own]",
        help: "tests media in virtual machines",
        writes: true,
        run: vm_test::run,
    },
    Verb {
        name: "power-cut",
        arguments: "[--cuts N] [--reruns N] [--recorded]",
        help: "records what an installation writes, and judges the disk wherever its power may be cut",
        writes: true,
        run: power_cut::run,
    },
    Verb {
        name: "bench",
        arguments: "boot | storage [--rounds N]",
        help: "measures the boot beside the least there can be, or the work on the disk beside what others do",
        writes: true,
        run: bench::run,
    },
    Verb {
        name: "nix-test",
        arguments: "[--write] [--evaluated FILE]",
        help: "evaluates the Nix expressions and compares them with init; --write renews the table of options in the README",
        writes: true,
        run: nix_test::run,
    },
    Verb { name: "tidy", arguments: "", help: "checks the rules of the repository", writes: false, run: tidy::run },
    Verb {
        name: "ci",
        arguments: "[--all]",
        help: "tests: format, lints, tidy, unit tests, Nix expressions, the core set of virtual machines or every one",
        writes: true,
        run: ci::run,
    },
];

fn main() -> ExitCode {
    // What is built must be readable by everybody, and of the same modes, whoever builds it.
    umask(Mode::WGRP | Mode::WOTH);
    let words: Vec<String> = std::env::args().skip(1).collect();
    let verb = words.split_first().and_then(|(word, rest)| Some((VERBS.iter().find(|verb| verb.name == word)?, rest)));
    let Some((verb, rest)) = verb else {
        VERBS.iter().for_each(|verb| eprintln!("cargo xtask {} {}\n    {}", verb.name, verb.arguments, verb.help));
        return ExitCode::from(2);
    };
    start(verb, rest).unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::from(if error.is::<prerequisites::Missing>() { 2 } else { 1 })
    })
}

fn start(verb: &Verb, rest: &[String]) -> Result<ExitCode> {
    let writes = verb.writes && !rest.iter().any(|word| word == "--list");
    let _lock = writes.then(lock::hold).transpose()?;
    (verb.run)(rest)
}
