//! A disk with another system than the one that is installed, made of an installed disk: its ESP is smaller and lies behind 1 GiB, its kernel
//! is another, its root lies elsewhere, and two more file systems have loaders: one in a partition that no table calls ESP, and one in a
//! partition that only the copy of the table at the end of the disk still knows. Its MBR shows three of them as its own,
//! and has code that a BIOS would start.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cache;
use crate::command::{self, tool};
use crate::vm::oracle::{filesystem, table};
use crate::vm::sparse;

const MIB: u64 = 1 << 20;
/// Of a table at the end of the disk: header and entries.
const BACKUP: u64 = 33 * 512;
/// A kernel with these behind its end is another file, and boots.
const PADDING: u64 = 512;

/// A file system with loaders: its partition, where it begins and ends in MiB, its type, and the width of its table in bits.
struct Loaders(u32, u64, u64, &'static str, &'static str);

/// The second of them lies within the new ESP, as does the third, which is taken out of the first table again.
const LOADERS: [Loaders; 3] =
    [Loaders(1, 3072, 3584, "EF00", "32"), Loaders(2, 100, 300, "0700", "16"), Loaders(3, 600, 800, "0700", "16")];
/// What the old system mounts its ESP by, here as there.
const LABEL: &str = "UV-ESP";
/// What a BIOS would start: a loop without an end.
const CODE: &[u8] = &[0xeb, 0xfe];
/// Where the root begins, in MiB.
const ROOT: u64 = 8192;

/// Makes the disk.
pub fn lay(installed: &Path, disk: &Path) -> Result<()> {
    let making = || format!("making a disk with another system of {}", installed.display());
    let (work, piece) = (disk.with_extension("files"), disk.with_extension("piece"));
    let parts = table::read(installed, 512)?;
    let [esp, root, ..] = &parts[..] else { anyhow::bail!("{}: it has too few partitions", making()) };
    let size = fs::metadata(installed).with_context(making)?.len();
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(disk).with_context(making)?;
    file.set_len(size).with_context(making)?;

    cache::remove(&work)?;
    fs::create_dir_all(&work).with_context(making)?;
    sparse::carve(installed, esp.range.clone(), &piece)?;
    filesystem::dump_esp(&piece, &work)?;
    pad(&work.join("EFI/nixos")).with_context(making)?;
    for Loaders(_, from, to, _, bits) in LOADERS {
        File::create(&piece).and_then(|file| file.set_len((to - from) * MIB)).with_context(making)?;
        command::run("making an old file system", tool("mkfs.vfat").args(["-F", bits, "-n", LABEL]).arg(&piece))?;
        let mut copy = tool("mcopy");
        copy.args(["-s", "-i"]).arg(&piece);
        for entry in fs::read_dir(&work).with_context(making)? {
            copy.arg(entry.with_context(making)?.path());
        }
        command::run("filling an old file system", copy.arg("::"))?;
        sparse::lay(&piece, &file, from * MIB)?;
    }
    sparse::carve(installed, root.range.clone(), &piece)?;
    sparse::lay(&piece, &file, ROOT * MIB)?;
    let root_end = ROOT * MIB + (root.range.end - root.range.start);
    fs::remove_file(&piece).with_context(making)?;
    cache::remove(&work)?;

    let mut command = tool("sgdisk");
    for Loaders(number, from, to, kind, _) in LOADERS {
        command.arg(format!("--new={number}:{from}M:{}", to * MIB / 512 - 1)).arg(format!("--typecode={number}:{kind}"));
    }
    command.arg(format!("--new=4:{ROOT}M:{}", root_end / 512 - 1)).arg("--typecode=4:8300");
    command::run("making a partition table", command.arg(disk))?;
    let mut backup = [0; BACKUP as usize];
    file.read_exact_at(&mut backup, size - BACKUP).with_context(making)?;
    command::run("making a partition table", tool("sgdisk").args(["--delete=3", "--hybrid=1:2:4"]).arg(disk))?;
    file.write_all_at(&backup, size - BACKUP).with_context(making)?;
    file.write_all_at(CODE, 0).with_context(making)
}

/// Makes other files of the kernels and initrds.
fn pad(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let file = OpenOptions::new().write(true).open(entry?.path())?;
        file.set_len(file.metadata()?.len() + PADDING)?;
    }
    Ok(())
}
