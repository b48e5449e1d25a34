//! `cargo xtask kernel`: judges a kernel's configuration, resolves the repository's own against its source, builds that kernel.

mod fragments;
mod own;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::image::kernel_config::{self, Verdict};
use crate::{lock, prerequisites};
use own::Workshop;

/// The verb: `kernel check CONFIG[.gz] | config | build`.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["check", config] => return check(Path::new(config)),
        ["config"] => {
            let config = workshop()?.configure()?;
            println!("every line of the fragments survived: {}", config.display());
        }
        ["build"] => {
            let workshop = workshop()?;
            let own = workshop.build(&workshop.configure()?)?;
            println!("{}", own.kernel.display());
        }
        _ => bail!("reading the command line: `kernel check CONFIG[.gz] | config | build`"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line for each row that a kernel of this configuration breaks, and for each module that an initrd must carry for it.
fn check(config: &Path) -> Result<ExitCode> {
    let Verdict { broken, carry } = kernel_config::judge(config)?;
    carry.iter().for_each(|module| println!("carry:  {module}"));
    broken.iter().for_each(|row| println!("broken: {row}"));
    println!("{}: {} rows broken, {} modules to be carried", config.display(), broken.len(), carry.len());
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The lock is for the source alone: a build takes long, and other verbs need none of it.
fn workshop() -> Result<Workshop> {
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::KERNEL])?;
    let _lock = lock::hold()?;
    Workshop::open()
}
