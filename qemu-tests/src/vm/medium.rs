//! The stick or disc of a scenario: a copy of the ISO, so that anything written to it is found, with what a person has put on its kit.
//!
//! Invariant: after a run it has every byte it had before; only a failure may leave its log on the kit partition.

use std::fs::{self, OpenOptions, Permissions, set_permissions};
use std::ops::Range;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::scenario::{Fault, Medium};
use super::{gpt_map, sparse};
use crate::command::{self, tool};
use crate::fat::Fat;

/// Name of the copy in the directory of the scenario.
pub const FILE_NAME: &str = "medium.raw";

/// Bytes of a stick that is larger than any target.
const LARGE: u64 = 64 << 30;

/// Bytes of a sector, in which the table of a medium counts.
const SECTOR: u64 = 512;

/// GPT name of the partition that firmware boots.
const BOOT: &str = "AI-BOOT";

/// GPT name of the one partition that the installer may write to.
const KIT: &str = "AI-KIT";

/// What a run may do to the kit partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kit {
    /// Nothing.
    Fixed,
    /// A log is left on it.
    MayChange,
}

/// The copy and what it looked like when it was made.
pub struct MediumCopy {
    path: PathBuf,
    kit: Range<u64>,
    may_change: Kit,
    before: String,
    bad_sector: Option<u64>,
}

impl MediumCopy {
    /// Copies the ISO, and puts the fault and the files of the kit into the copy.
    pub fn make(iso: &Path, dir: &Path, medium: Medium, fault: Fault, may_change: Kit, files: &[(String, &str)]) -> Result<MediumCopy> {
        let path = dir.join(FILE_NAME);
        let subject = format!("copying {} to {}", iso.display(), path.display());
        command::run(&subject, tool("cp").args(["--reflink=auto", "--sparse=always"]).arg(iso).arg(&path))?;
        set_permissions(&path, Permissions::from_mode(0o644)).with_context(|| subject.clone())?;
        if medium == Medium::UsbDisk {
            OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(LARGE)).with_context(|| subject.clone())?;
        }
        let kit = gpt_map::partition(&path, KIT)?;
        if let Fault::FlipByte(name, offset) = fault {
            flip(&path, gpt_map::partition(&path, name)?, offset)?;
        }
        let bad = bad_byte(&path, fault)?;
        let mut copy = MediumCopy { path, kit, may_change, before: String::new(), bad_sector: bad.map(|at| at / SECTOR) };
        files.iter().try_for_each(|(name, text)| copy.put(name, text))?;
        copy.spoil(fault)?;
        copy.before = copy.digest()?;
        Ok(copy)
    }

    /// Fails when anything has changed that may not.
    pub fn check_unchanged(&self) -> Result<()> {
        if self.digest()? != self.before {
            let place = if self.may_change == Kit::MayChange { " outside the kit partition" } else { "" };
            bail!("comparing the medium with what it was: bytes{place} have changed");
        }
        Ok(())
    }

    /// The sector that cannot be read.
    pub fn bad_sector(&self) -> Option<u64> {
        self.bad_sector
    }

    /// Content of a file on the kit partition.
    pub fn kit_file(&self, name: &str) -> Result<String> {
        self.kit().text(name).context("reading from the kit partition")
    }

    /// Whether the kit partition has such a file.
    pub fn kit_has(&self, name: &str) -> Result<bool> {
        self.kit().has(name)
    }

    /// What is wrong with the kit partition, once it has its files.
    fn spoil(&self, fault: Fault) -> Result<()> {
        match fault {
            Fault::KitFull => self.kit().fill(&self.path.with_extension("kit")),
            Fault::KitDamaged => lose_clusters(&self.path, self.kit.start),
            Fault::KitAbsent => gpt_map::remove(&self.path, KIT),
            _ => Ok(()),
        }
    }

    fn kit(&self) -> Fat {
        Fat::at(&self.path, self.kit.start)
    }

    /// Puts a file on the kit partition.
    fn put(&self, name: &str, text: &str) -> Result<()> {
        let source = self.path.with_extension("kit");
        fs::write(&source, text).with_context(|| format!("writing {}", source.display()))?;
        self.kit().put(name, &source)?;
        fs::remove_file(&source).with_context(|| format!("removing {}", source.display()))
    }

    fn digest(&self) -> Result<String> {
        sparse::digest(&self.path, (self.may_change == Kit::MayChange).then(|| self.kit.clone()))
    }
}

/// Copies everything in the FAT file system that starts at this byte.
pub fn fat_copy(disk: &Path, start: u64, target: &Path) -> Result<()> {
    let drive = format!("{}@@{start}", disk.display());
    fs::create_dir_all(target).with_context(|| format!("making {}", target.display()))?;
    command::run("copying its files", tool("mcopy").args(["-s", "-n", "-i", &drive, "::"]).arg(target))
}

/// Where the sector lies that cannot be read.
fn bad_byte(path: &Path, fault: Fault) -> Result<Option<u64>> {
    Ok(match fault {
        Fault::UnreadableTable => Some(SECTOR),
        Fault::Unreadable(name, offset) => Some(gpt_map::partition(path, name)?.start + offset),
        Fault::UnreadableFile(name) => Some(middle_of(path, name)?),
        _ => None,
    })
}

/// A byte in the middle of a file of the partition that firmware boots, whose files have sectors of their own.
fn middle_of(path: &Path, name: &str) -> Result<u64> {
    let (boot, file) = (gpt_map::partition(path, BOOT)?, path.with_extension("file"));
    let subject = || format!("looking for {name} on {}", path.display());
    Fat::at(path, boot.start).get(name, &file).with_context(subject)?;
    let bytes = fs::read(&file).with_context(subject)?;
    fs::remove_file(&file).with_context(subject)?;
    let middle = bytes.chunks_exact(SECTOR as usize).nth(bytes.len() / SECTOR as usize / 2).with_context(subject)?;
    let found = sparse::find(path, middle)?.filter(|at| boot.contains(at) && at % SECTOR == 0);
    found.with_context(|| format!("{}: its middle is not on it", subject()))
}

/// Empties both allocation tables of the FAT16 file system that starts at this byte, but for what says of which kind they are.
fn lose_clusters(path: &Path, start: u64) -> Result<()> {
    let subject = || format!("emptying the allocation tables of {}", path.display());
    let file = OpenOptions::new().read(true).write(true).open(path).with_context(subject)?;
    let mut head = [0; 32];
    file.read_exact_at(&mut head, start).with_context(subject)?;
    // The parameter block: bytes per sector, sectors before the tables, tables, sectors per table.
    let number = |at: usize| u64::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let (sector, before, tables, length) = (number(11), number(14), u64::from(head[16]), number(22));
    ensure!(sector > 0 && length > 0 && tables > 0, "{}: it is no FAT16", subject());
    for table in 0..tables {
        let at = start + (before + table * length) * sector;
        file.write_all_at(&vec![0; usize::try_from(length * sector - 4)?], at + 4).with_context(subject)?;
    }
    Ok(())
}

fn flip(path: &Path, part: Range<u64>, offset: u64) -> Result<()> {
    let at = part.start + offset;
    if at >= part.end {
        bail!("flipping the byte at {offset}: the partition ends at {}", part.end - part.start);
    }
    let subject = || format!("flipping the byte at {at} of {}", path.display());
    let file = OpenOptions::new().read(true).write(true).open(path).with_context(subject)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).with_context(subject)?;
    byte[0] ^= 0xff;
    file.write_all_at(&byte, at).with_context(subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn one_byte_is_inverted() {
        let dir = scratch("flip");
        let path = dir.join("x");
        std::fs::write(&path, b"abc").unwrap();
        flip(&path, 1..3, 1).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [b'a', b'b', !b'c']);
        assert!(flip(&path, 1..3, 2).is_err());
    }

    #[test]
    fn both_tables_are_emptied_and_nothing_beside_them() {
        let dir = scratch("lose-clusters");
        let path = dir.join("x");
        let mut bytes = vec![7; 512 * 8];
        bytes[512 + 11..512 + 13].copy_from_slice(&512_u16.to_le_bytes());
        bytes[512 + 14..512 + 17].copy_from_slice(&[1, 0, 2]);
        bytes[512 + 22..512 + 24].copy_from_slice(&[2, 0]);
        std::fs::write(&path, &bytes).unwrap();
        lose_clusters(&path, 512).unwrap();
        let after = std::fs::read(&path).unwrap();
        let changed: Vec<usize> = (0..bytes.len()).filter(|at| after[*at] != bytes[*at]).collect();
        let expected: Vec<usize> = (1024 + 4..2048).chain(2048 + 4..3072).collect();
        assert_eq!(changed, expected);
        std::fs::write(&path, vec![0; 2048]).unwrap();
        assert!(lose_clusters(&path, 512).unwrap_err().to_string().ends_with("it is no FAT16"));
    }
}
