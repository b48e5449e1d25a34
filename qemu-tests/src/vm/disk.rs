//! The files behind the machine's disks: made sparse, filled as the row says.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use super::scenario::{Bus, Disk, Prefill};
use super::{bad, dirty, sparse};
use crate::command;

const MIB: u64 = 1024 * 1024;

/// Name of the file behind the disk with that number, in the directory of the scenario.
pub fn file_name(disk: usize) -> String {
    format!("disk{disk}.raw")
}

/// Name of the log of what is written to the disk with that number, if it has one.
pub fn log_name(disk: usize) -> String {
    format!("disk{disk}.writes")
}

/// Makes the file of a disk; `iso` is what a copy of the image is made of.
pub fn create(disk: &Disk, path: &Path, iso: &Path) -> Result<()> {
    write(disk, path, iso).with_context(|| format!("making the disk {}", path.display()))
}

fn write(disk: &Disk, path: &Path, iso: &Path) -> Result<()> {
    let mut file = File::create(path)?;
    let size = bad::room(disk) * MIB;
    file.set_len(size)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(text) = bad::descriptor(disk, &name) {
        std::fs::write(path.with_file_name(bad::descriptor_name(&name)), text)?;
    }
    if disk.bus == Bus::NvmeRecorded {
        // QEMU opens it, and does not make it.
        File::create(path.with_extension("writes"))?;
    }
    match disk.prefill {
        Prefill::Empty => {}
        Prefill::Bytes(pieces) => {
            for (offset, bytes) in pieces {
                put(&mut file, *offset, bytes)?;
            }
        }
        Prefill::Image => {
            io::copy(&mut File::open(iso)?, &mut file)?;
        }
        Prefill::ImageInPartition => {
            put(&mut file, 446, &[0, 0, 2, 0, 0x83, 0xfe, 0xff, 0xff, 0, 8, 0, 0, 0, 0, 0x10, 0])?;
            put(&mut file, 510, &[0x55, 0xaa])?;
            file.seek(SeekFrom::Start(MIB))?;
            io::copy(&mut File::open(iso)?, &mut file)?;
        }
        Prefill::Dirty(dirty) => dirty::lay(path, dirty)?,
        Prefill::Beside => {
            let beside = path.parent().unwrap_or(path).with_extension("cut");
            sparse::carve(&beside, 0..size, path)?;
        }
        Prefill::Table { esp, ids } => table(path, disk, esp, ids)?,
        Prefill::Noise => {
            for (part, offset) in [0, size / 2, size - MIB].into_iter().enumerate() {
                put(&mut file, offset, &noise(disk.serial, part))?;
            }
        }
    }
    Ok(())
}

/// A partition table as a system of earlier would have left it, with nothing in the partitions that anybody knows.
fn table(path: &Path, disk: &Disk, esp: bool, ids: &[u8]) -> Result<()> {
    ensure!(disk.sector == 512, "sgdisk takes image files to have 512-byte sectors");
    let mut command = command::tool("sgdisk");
    for (number, id) in (1..).zip(ids) {
        let kind = if esp && number == 1 { "EF00" } else { "8300" };
        command.arg(format!("--new={number}:0:+64M")).arg(format!("--typecode={number}:{kind}"));
        let guid = format!("{id:02x}").repeat(16);
        let parts = [&guid[..8], &guid[8..12], &guid[12..16], &guid[16..20], &guid[20..]];
        command.arg(format!("--partition-guid={number}:{}", parts.join("-")));
    }
    command::run("making a partition table", command.arg(path))?;
    let mut file = File::options().write(true).open(path)?;
    for part in 0..ids.len() {
        put(&mut file, MIB + part as u64 * 64 * MIB, &noise(disk.serial, part))?;
    }
    Ok(())
}

fn put(file: &mut File, offset: u64, bytes: &[u8]) -> Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)?;
    Ok(())
}

/// A megabyte that looks like nothing, the same in every run.
fn noise(serial: &str, part: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MIB as usize);
    let mut block = Sha256::digest(format!("{serial} {part}"));
    while bytes.len() < MIB as usize {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    bytes
}

/// A directory of its own for a unit test, empty, and removed with this value.
#[cfg(test)]
pub struct Scratch(std::path::PathBuf);

#[cfg(test)]
pub fn scratch(name: &str) -> Scratch {
    let dir = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    Scratch(dir)
}

#[cfg(test)]
impl std::ops::Deref for Scratch {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    fn disk(prefill: Prefill) -> Disk {
        Disk { bus: Bus::Nvme, mib: 4096, sector: 512, serial: "UV0001", prefill, bad: &[] }
    }

    #[test]
    fn disks_are_sparse_and_filled() {
        let dir = scratch("disk");
        let path = dir.join(file_name(0));
        create(&disk(Prefill::Noise), &path, &path).unwrap();
        let meta = std::fs::metadata(&path).unwrap();
        assert_eq!(meta.len(), 4096 * MIB);
        assert!(meta.blocks() * 512 < 8 * MIB);
        let noisy = crate::vm::sparse::digest(&path, None).unwrap();
        create(&disk(Prefill::Empty), &path, &path).unwrap();
        assert_ne!(crate::vm::sparse::digest(&path, None).unwrap(), noisy);
        create(&disk(Prefill::Noise), &path, &path).unwrap();
        assert_eq!(crate::vm::sparse::digest(&path, None).unwrap(), noisy);
    }

    #[test]
    fn bytes_land_at_their_offset() {
        let dir = scratch("bytes");
        let path = dir.join(file_name(1));
        create(&disk(Prefill::Bytes(&[(510, &[0x55, 0xaa])])), &path, &path).unwrap();
        let piece = path.with_extension("piece");
        crate::vm::sparse::carve(&path, 0..512, &piece).unwrap();
        assert_eq!(std::fs::read(piece).unwrap()[510..], [0x55, 0xaa]);
    }
}
