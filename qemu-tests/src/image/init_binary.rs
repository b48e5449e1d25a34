//! Builds `init` as the one static program the initrd starts with, and refuses one that would not start there.
//! `+crt-static` is given for this target alone: as a general flag it would reach build scripts and this program.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::libraries::Needs;
use crate::cache;
use crate::command;

/// With glibc, whose static form brings a megabyte of its own.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// In bytes. It is unpacked into memory on every machine, and 1.3 MB were enough for all of the prototype.
const LARGEST: u64 = 1_500_000;

/// Builds the release binary and returns its path.
pub fn build() -> Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let target = cache::directory("")?;
    let mut command = command::tool(&cargo);
    command
        .current_dir(cache::root())
        .args(["build", "--package", "init", "--release", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target)
        // These two would replace the flags below.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-C target-feature=+crt-static -C relocation-model=static");
    command::run("building init", &mut command)?;
    let binary = target.join(TARGET).join("release/init");
    check(&binary)?;
    Ok(binary)
}

/// A program that asks for an interpreter cannot be PID 1 of our initrd, and a large one costs memory everywhere.
fn check(binary: &Path) -> Result<()> {
    if let Some(interpreter) = Needs::read(binary)?.interpreter {
        bail!("checking init: it is not static, it asks for {interpreter}");
    }
    let size = std::fs::metadata(binary).context("checking init")?.len();
    if size > LARGEST {
        bail!("checking init: it has {size} bytes, {LARGEST} are allowed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_is_refused() {
        let error = check(&std::env::current_exe().unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("checking init: it is not static, it asks for /"), "{error}");
    }
}
