//! Builds `init` as the one static program the initrd starts with, and refuses one that would not start there.
//! It says nothing of the machine that built it, so that the same source gives the same bytes anywhere.
//! `+crt-static` is given for this target alone: as a general flag it would reach build scripts and this program.

use std::fs;
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
    let binary = compile("init", &[])?.join("init");
    check(&binary)?;
    let bytes = fs::read(&binary).context("checking init")?;
    match machine_paths()?.iter().find(|(path, _)| holds(&bytes, path)) {
        Some((path, _)) => bail!("checking init: it holds {path}, a path of this machine"),
        None => Ok(binary),
    }
}

/// Builds the installer's first steps as a program of their own, for the benchmark, as the release binary is built.
pub fn build_contender() -> Result<PathBuf> {
    Ok(compile("the benchmark's part of init", &["--features", "bench", "--example", "apply"])?.join("examples/apply"))
}

/// Compiles the package, and returns the directory of what was made.
fn compile(what: &str, selection: &[&str]) -> Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let target = cache::directory("")?;
    let script = cache::root().join("init/no-unwind.ld");
    let mut flags = "-C target-feature=+crt-static -C relocation-model=static -C link-arg=-Wl,--no-eh-frame-hdr,--icf=all".to_owned();
    flags += &format!(" -C link-arg=-Wl,-T,{}", script.display());
    for (path, name) in machine_paths()? {
        flags += &format!(" --remap-path-prefix={path}={name}");
    }
    let mut command = command::tool(&cargo);
    command
        .current_dir(cache::root())
        .args(["build", "--package", "init", "--release", "--locked", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target)
        .args(selection)
        // These two would replace the flags below.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", flags);
    command::run(&format!("building {what}"), &mut command)?;
    Ok(target.join(TARGET).join("release"))
}

/// What would betray this machine, and the name it gets in the binary: where cargo keeps its crates, and the repository.
fn machine_paths() -> Result<[(String, &'static str); 2]> {
    let cargo = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(std::env::var_os("HOME").context("looking for cargo's directory: HOME is not set")?).join(".cargo"),
    };
    Ok([(cargo.display().to_string(), "/cargo"), (cache::root().display().to_string(), "/autoinstaller")])
}

/// Whether a program names a file below a directory.
fn holds(program: &[u8], directory: &str) -> bool {
    let path = format!("{}/", directory.trim_end_matches('/'));
    program.windows(path.len()).any(|window| window == path.as_bytes())
}

/// A program that asks for an interpreter cannot be PID 1 of our initrd, and a large one costs memory everywhere.
pub fn check(binary: &Path) -> Result<()> {
    if let Some(interpreter) = Needs::read(binary)?.interpreter {
        bail!("checking init: it is not static, it asks for {interpreter}");
    }
    let size = fs::metadata(binary).context("checking init")?.len();
    if size > LARGEST {
        bail!("checking init: it has {size} bytes, {LARGEST} are allowed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_machine_is_found() {
        let this_test = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(holds(&this_test, env!("CARGO_MANIFEST_DIR").trim_end_matches("/qemu-tests")));
        assert!(!holds(b"at /home/anna/src/main.rs", "/home/ann"));
        assert!(holds(b"at /home/anna/src/main.rs", "/home/anna/"));
    }

    #[test]
    fn a_dynamic_program_is_refused() {
        let error = check(&std::env::current_exe().unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("checking init: it is not static, it asks for /"), "{error}");
    }
}
