//! The initrd of the benchmark's machine: programs and modules of the medium, the contenders, and a script that is PID 1.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::medium::Medium;
use crate::cache;
use crate::debian;
use crate::image::cpio::Archive;
use crate::image::{init_binary, initrd, libraries};
use crate::parts::Parts;

/// Programs of the other contenders, by their place below /usr of Debian's tree. They are put into /bin.
const PROGRAMS: [&str; 25] = [
    "bin/bash",
    "bin/dd",
    "bin/findmnt",
    "bin/grep",
    "bin/jq",
    "bin/lsblk",
    "bin/mawk",
    "bin/mkdir",
    "bin/mount",
    "bin/openssl",
    "bin/readlink",
    "bin/realpath",
    "bin/systemd-repart",
    "bin/true",
    "bin/udevadm",
    "sbin/blkdiscard",
    "sbin/blkid",
    "sbin/blockdev",
    "sbin/dmsetup",
    "sbin/partprobe",
    "sbin/sgdisk",
    "sbin/swapon",
    "sbin/wipefs",
    "lib/udev/ata_id",
    "lib/udev/scsi_id",
];
/// Second names of them. Debian has libparted wait for udev through a shell, as no other does: it is given one that does nothing.
const NAMES: [(&str, &str); 3] = [("true", "sh"), ("mawk", "awk"), ("udevadm", "systemd-udevd")];
/// What systemd-repart opens when it needs it, and so does not name in its header.
const OPENED: [&str; 2] = ["usr/lib/x86_64-linux-gnu/libfdisk.so.1", "usr/lib/x86_64-linux-gnu/libblkid.so.1"];

/// The scripts and what they read.
const FILES: [(&str, &str); 9] = [
    ("bench/init", include_str!("../../bench/init.sh")),
    ("bench/plain.sh", include_str!("../../bench/plain.sh")),
    ("bench/disko.sh", include_str!("../../bench/disko.sh")),
    ("bench/repart.sh", include_str!("../../bench/repart.sh")),
    ("bench/repart.d/10-esp.conf", include_str!("../../bench/repart.d/10-esp.conf")),
    ("bench/repart.d/20-root.conf", include_str!("../../bench/repart.d/20-root.conf")),
    ("bench/repart.d/30-swap.conf", include_str!("../../bench/repart.d/30-swap.conf")),
    ("etc/autoinstaller/settings", include_str!("../../bench/settings")),
    // The kernel opens no console where there is none, and the shell wants one before it has mounted /dev.
    ("dev/null", ""),
];

/// Writes the initrd.
pub fn write(path: &Path, parts: &Parts, medium: &Medium, rounds: u32) -> Result<()> {
    let [programs, modules, _] = initrd::base(parts, &[])?;
    let init = initrd::init(&init_binary::build()?)?;
    let mut archive = Archive::default();
    contenders(&mut archive)?;
    for (name, text) in FILES {
        archive.file(name, 0o755, text.into());
    }
    archive.file("bench/rounds", 0o644, format!("{rounds}\n").into());
    archive.file("bench/apply", 0o755, read(&init_binary::build_contender()?)?);
    archive.file("etc/autoinstaller/medium", 0o644, medium.manifest.clone().into());
    let bytes = archive.bytes();
    let own = initrd::Piece { name: "benchmark", unpacked: bytes.len() as u64, list: archive.list(), bytes };
    cache::replace(path, |part| initrd::write(part, &[programs, modules, init, own]))
}

fn contenders(archive: &mut Archive) -> Result<()> {
    let tree = debian::contenders()?;
    let programs = PROGRAMS.map(|program| format!("usr/{program}"));
    for program in &programs {
        let name = program.rsplit('/').next().unwrap_or(program);
        let directory = if program.contains("/udev/") { "usr/lib/udev" } else { "bin" };
        archive.file(&format!("{directory}/{name}"), 0o755, read(&tree.join(program))?);
        for (_, other) in NAMES.iter().filter(|(first, _)| *first == name) {
            archive.file(&format!("bin/{other}"), 0o755, read(&tree.join(program))?);
        }
    }
    let mut objects: Vec<&str> = programs.iter().map(String::as_str).collect();
    objects.extend(OPENED);
    for (path, source) in libraries::needed(&tree, &objects)? {
        archive.file(&path, 0o755, read(&source)?);
    }
    for path in OPENED {
        archive.file(path, 0o755, read(&tree.join(path))?);
    }
    let rules = tree.join("usr/lib/udev/rules.d");
    for rule in fs::read_dir(&rules).with_context(|| format!("reading {}", rules.display()))? {
        let rule = rule?;
        archive.file(&format!("usr/lib/udev/rules.d/{}", rule.file_name().to_string_lossy()), 0o644, read(&rule.path())?);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}
