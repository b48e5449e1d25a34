//! Assembles the initrd that `init` expects. It consists of three archives one after the other, which the kernel unpacks in
//! turn: programs and modules, `init`, and what belongs to one host and one medium. The first is the large one, and is
//! compressed once for all hosts; the last is tiny and stays uncompressed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::cpio::Archive;
use super::kernel_config;
use super::keymaps;
use super::libraries;
use super::modules::Chosen;
use crate::cache::{self, Key};
use crate::command;
use crate::parts::Parts;

/// Path in the initrd and where the program lies in the tree of programs.
const PROGRAMS: [(&str, &str); 4] = [
    ("bin/busybox", "usr/bin/busybox"),
    ("bin/mkfs.ext4", "usr/sbin/mkfs.ext4"),
    ("bin/mkfs.vfat", "usr/sbin/mkfs.vfat"),
    ("bin/mkswap", "usr/sbin/mkswap"),
];

/// Defaults of mkfs.ext4, which has the same built in: an empty file would have it make file systems of the last century.
const MKE2FS: &str = "etc/mke2fs.conf";

/// Mount points.
const DIRECTORIES: [&str; 7] = ["proc", "sys", "dev", "run", "mnt", "stage2", "tmp"];

/// One archive, ready to be put into an initrd.
pub struct Piece {
    /// What it is, for the table of sizes.
    pub name: &'static str,
    /// Bytes it takes when the kernel has unpacked it.
    pub unpacked: u64,
    /// Its files: lines of size and path.
    pub list: String,
    /// The archive, compressed or not.
    pub bytes: Vec<u8>,
}

/// Programs, libraries, modules, those that a host adds among them, keyboard layouts and empty directories.
pub fn base(parts: &Parts, more_modules: &[String]) -> Result<[Piece; 3]> {
    let chosen = Chosen::for_initrd(&parts.modules, more_modules)?;
    kernel_config::check(&parts.kernel_config, |name| chosen.on_board(name))?;
    // Trees of parts are named by their content.
    let mut key = Key::new("programs 2");
    key.add(parts.programs.as_os_str().as_encoded_bytes());
    key.add(format!("{PROGRAMS:?} {DIRECTORIES:?} {MKE2FS}").as_bytes());
    let programs = compressed("initrd: programs and libraries", key, || programs(parts))?;
    let mut key = Key::new("modules 2");
    key.add(parts.modules.as_os_str().as_encoded_bytes());
    key.add(chosen.summary().as_bytes());
    let modules = compressed("initrd: modules", key, || chosen.archive())?;
    let mut key = Key::new("keyboard layouts 2");
    key.add(parts.programs.as_os_str().as_encoded_bytes());
    let layouts = compressed("initrd: keyboard layouts", key, || keymaps::archive(&parts.programs))?;
    Ok([programs, modules, layouts])
}

fn programs(parts: &Parts) -> Result<Archive> {
    let mut archive = Archive::default();
    DIRECTORIES.iter().for_each(|name| archive.directory(name));
    for (path, source) in PROGRAMS {
        archive.file(path, 0o755, read(&parts.programs.join(source))?);
    }
    let sources = PROGRAMS.map(|(_, source)| source);
    for (path, source) in libraries::needed(&parts.programs, &sources)? {
        archive.file(&path, 0o755, read(&source)?);
    }
    let defaults = parts.programs.join(MKE2FS);
    if defaults.exists() {
        archive.file(MKE2FS, 0o644, read(&defaults)?);
    }
    Ok(archive)
}

/// PID 1 itself.
pub fn init(binary: &Path) -> Result<Piece> {
    let mut key = Key::new("init 2");
    key.add_file(binary)?;
    compressed("initrd: init", key, || {
        let mut archive = Archive::default();
        archive.file("init", 0o755, read(binary)?);
        Ok(archive)
    })
}

/// The files under /etc/autoinstaller, for root alone.
pub fn settings(files: &[(String, &[u8])]) -> Piece {
    let mut archive = Archive::default();
    for (name, content) in files {
        let path = format!("etc/autoinstaller/{name}");
        archive.file(&path, 0o600, content.to_vec());
    }
    let bytes = archive.bytes();
    Piece { name: "initrd: settings", unpacked: bytes.len() as u64, list: archive.list(), bytes }
}

/// Writes the pieces one after the other.
pub fn write(path: &Path, pieces: &[Piece]) -> Result<()> {
    let mut out = Vec::new();
    for piece in pieces {
        out.extend(&piece.bytes);
        // The kernel skips zeros between archives, and wants an uncompressed one to start at a multiple of four.
        out.resize(out.len().next_multiple_of(4), 0);
    }
    fs::write(path, out).with_context(|| format!("writing {}", path.display()))
}

/// Makes and compresses an archive, or finds the result of the last time. One thread: more would change the bytes.
fn compressed(name: &'static str, key: Key, archive: impl FnOnce() -> Result<Archive>) -> Result<Piece> {
    let directory = cache::directory("image")?.join(format!("initrd-{}", key.name()));
    let directory = cache::once(directory, |part| {
        let archive = archive()?;
        let bytes = archive.bytes();
        let plain = part.join("cpio");
        fs::create_dir_all(part)
            .and_then(|()| fs::write(&plain, &bytes))
            .and_then(|()| fs::write(part.join("unpacked"), bytes.len().to_string()))
            .and_then(|()| fs::write(part.join("list"), archive.list()))
            .with_context(|| format!("writing {}", plain.display()))?;
        let mut command = command::tool("zstd");
        command.args(["-19", "--quiet", "--single-thread", "--rm"]);
        command::run(&format!("compressing {name}"), command.arg(&plain))
    })?;
    let text = |file: &str| fs::read_to_string(directory.join(file)).with_context(|| format!("reading the {file} of a piece"));
    Ok(Piece {
        name,
        unpacked: text("unpacked")?.parse().context("reading the unpacked size of a piece")?,
        list: text("list")?,
        bytes: read(&directory.join("cpio.zst"))?,
    })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(unpacked: u64, bytes: &[u8]) -> Piece {
        Piece { name: "test", unpacked, list: String::new(), bytes: bytes.to_vec() }
    }

    #[test]
    fn pieces_start_at_multiples_of_four() {
        let path = std::env::temp_dir().join(format!("initrd-test-{}", std::process::id()));
        write(&path, &[piece(1, b"abcde"), piece(1, b"fg")]).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(bytes, b"abcde\0\0\0fg\0\0");
    }
}
