//! `cargo xtask`: one file per verb. Builds images, runs them in QEMU, checks the repository.

mod cache;
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

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

/// Name, one line of help, and what to call with the rest of the arguments.
type Verb = (&'static str, &'static str, fn(&[OsString]) -> Result<()>);

const VERBS: &[Verb] = &[(
    "iso",
    "HOST [--out FILE] [--stage2-overlay DIR] [--init FILE]   make the medium of a host",
    iso::main,
)];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let verb = arguments.first().map(|verb| verb.to_string_lossy());
    let found = VERBS
        .iter()
        .find(|(name, ..)| verb.as_deref() == Some(*name));
    let Some((_, _, run)) = found else {
        for (name, help, _) in VERBS {
            eprintln!("cargo xtask {name} {help}");
        }
        return ExitCode::from(2);
    };
    match run(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            let missing = error.is::<prerequisites::Missing>();
            ExitCode::from(if missing { 2 } else { 1 })
        }
    }
}
