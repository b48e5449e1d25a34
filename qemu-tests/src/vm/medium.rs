//! The stick or disc of a scenario: a copy of the ISO, so that anything written to it is found.
//!
//! Invariant: after a run it has every byte it had before, the kit partition of a stick aside.

use std::fs::OpenOptions;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::scenario::{Fault, Medium};
use super::{gpt_map, sparse, tool};

/// Name of the copy in the directory of the scenario.
pub const FILE_NAME: &str = "medium.raw";

/// GPT name of the one partition that the installer may write to.
const KIT: &str = "AI-KIT";

/// The copy and what it looked like when it was made.
pub struct MediumCopy {
    path: PathBuf,
    kit: Range<u64>,
    writable: bool,
    before: String,
}

impl MediumCopy {
    /// Copies the ISO and puts the fault into the copy.
    pub fn make(iso: &Path, dir: &Path, medium: Medium, fault: Fault) -> Result<MediumCopy> {
        let path = dir.join(FILE_NAME);
        let subject = format!("copying {} to {}", iso.display(), path.display());
        tool::run(&subject, tool::command("cp").args(["--reflink=auto", "--sparse=always"]).arg(iso).arg(&path))?;
        tool::run(&subject, tool::command("chmod").arg("u+w").arg(&path))?;
        let kit = gpt_map::partition(&path, KIT)?;
        if let Fault::FlipByte(name, offset) = fault {
            flip(&path, gpt_map::partition(&path, name)?, offset)?;
        }
        let mut copy = MediumCopy { path, kit, writable: medium == Medium::UsbStick, before: String::new() };
        copy.before = copy.digest()?;
        Ok(copy)
    }

    /// Fails when anything but the kit partition has changed.
    pub fn check_unchanged(&self) -> Result<()> {
        if self.digest()? != self.before {
            bail!("comparing the medium with what it was: bytes outside the kit partition have changed");
        }
        Ok(())
    }

    /// Content of a file on the kit partition.
    pub fn kit_file(&self, name: &str) -> Result<String> {
        let drive = format!("{}@@{}", self.path.display(), self.kit.start);
        let subject = format!("reading {name} from the kit partition");
        tool::run(&subject, tool::command("mtype").env("MTOOLS_SKIP_CHECK", "1").args(["-i", &drive]).arg(format!("::{name}")))
    }

    fn digest(&self) -> Result<String> {
        sparse::digest(&self.path, self.writable.then(|| self.kit.clone()))
    }
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
}
