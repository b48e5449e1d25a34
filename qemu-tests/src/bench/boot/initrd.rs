//! The initrds that are measured: the medium's own with the program that takes the time, and that program alone.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cache;
use crate::command;
use crate::image::cpio::Archive;
use crate::image::initrd::{self, Piece};

const SOURCE: &str = include_str!("../../../bench/mark.c");

/// The initrd of a medium, unchanged, with one file more behind it.
pub fn medium(path: &Path, medium: &Path) -> Result<()> {
    let bytes = fs::read(medium).with_context(|| format!("reading {}", medium.display()))?;
    let medium = Piece { name: "medium", unpacked: 0, list: String::new(), bytes };
    initrd::write(path, &[medium, piece(&[])?])
}

/// Another's initrd, unchanged, with the program and a word for it behind it.
pub fn beside(path: &Path, bytes: Vec<u8>) -> Result<()> {
    let other = Piece { name: "other", unpacked: 0, list: String::new(), bytes };
    initrd::write(path, &[other, piece(&["bench/prompt"])?])
}

/// The program and nothing else.
pub fn floor(path: &Path) -> Result<()> {
    initrd::write(path, &[piece(&["bench/floor"])?])
}

/// The program, and empty files.
fn piece(files: &[&str]) -> Result<Piece> {
    let mut archive = Archive::default();
    ["proc", "dev"].iter().for_each(|name| archive.directory(name));
    archive.file("bench/mark", 0o755, compiled()?);
    files.iter().for_each(|name| archive.file(name, 0o644, Vec::new()));
    let bytes = archive.bytes();
    Ok(Piece { name: "mark", unpacked: bytes.len() as u64, list: archive.list(), bytes })
}

fn compiled() -> Result<Vec<u8>> {
    let directory = cache::directory("vm/bench-boot")?;
    let (source, program) = (directory.join("mark.c"), directory.join("mark"));
    fs::write(&source, SOURCE).with_context(|| format!("writing {}", source.display()))?;
    let mut command = command::tool("gcc");
    command.args(["-static", "-O2", "-s", "-o"]).arg(&program).arg(&source);
    command::run("compiling mark.c", &mut command)?;
    fs::read(&program).with_context(|| format!("reading {}", program.display()))
}
