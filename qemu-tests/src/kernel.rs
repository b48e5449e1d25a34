//! `cargo xtask kernel`: judges a kernel's configuration, resolves the repository's own against its source, builds that kernel.

mod fragments;
mod kmod;
mod own;

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Error, Result, bail};

use crate::image::kernel_config::{self, Verdict};
use crate::image::modules::Chosen;
use crate::parts::Parts;
use crate::{debian, lock, prerequisites};
use own::{Own, Workshop};

/// Which kernel a medium boots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Debian's.
    #[default]
    Stock,
    /// The one that `kernel build` made.
    Own,
}

impl Choice {
    /// Ends the name of what is made with it.
    pub fn suffix(self) -> &'static str {
        match self {
            Choice::Stock => "",
            Choice::Own => "-own",
        }
    }
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(word: &str) -> Result<Choice> {
        match word {
            "stock" => Ok(Choice::Stock),
            "own" => Ok(Choice::Own),
            _ => bail!("reading `--kernel {word}`: there are `stock` and `own`"),
        }
    }
}

/// The parts with the kernel that was chosen. For the holder of the lock.
///
/// # Errors
/// The own kernel was not built, or not with the fragments as they are.
pub fn chosen(choice: Choice, parts: Parts) -> Result<Parts> {
    match choice {
        Choice::Stock => Ok(parts),
        Choice::Own => {
            let Own { kernel, config, modules } = Workshop::open()?.built()?;
            Ok(Parts { kernel, kernel_config: config, modules, ..parts })
        }
    }
}

/// The verb: `kernel check CONFIG[.gz] | config | build | compare`.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["check", config] => return check(Path::new(config)),
        ["config"] => {
            let (workshop, _lock) = workshop()?;
            let config = workshop.configure()?;
            println!("every line of the fragments survived: {}", config.display());
        }
        ["build"] => {
            let (workshop, _lock) = workshop()?;
            workshop.configure()?;
            println!("{}", workshop.build()?.kernel.display());
        }
        ["compare"] => return compare(),
        _ => bail!("reading the command line: `kernel check CONFIG[.gz] | config | build | compare`"),
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

/// Holds what the lists of modules are resolved with against libkmod, for the stock kernel.
fn compare() -> Result<ExitCode> {
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::RESOLVER])?;
    let _lock = lock::hold()?;
    let (asked, differences) = differences()?;
    differences.iter().for_each(|difference| println!("{difference}"));
    println!("of {asked} names {} mean something else to libkmod", differences.len());
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many names were asked for, and what is not the same.
fn differences() -> Result<(usize, Vec<String>)> {
    let directory = debian::parts()?.modules;
    let chosen = [Chosen::for_initrd(&directory, &[])?, Chosen::for_stage2(&directory)?];
    let modules: Vec<String> = chosen.iter().flat_map(Chosen::carried).cloned().collect();
    kmod::compare(&directory, &modules)
}

/// The lock of all verbs is for the source alone: a build takes long, and others need none of it. The lock that is returned is for the build.
fn workshop() -> Result<(Workshop, File)> {
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::KERNEL])?;
    let kernel = lock::hold_kernel()?;
    let _lock = lock::hold()?;
    Ok((Workshop::open()?, kernel))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_are_named() {
        let error = run(&["bild".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "reading the command line: `kernel check CONFIG[.gz] | config | build | compare`");
    }
}
