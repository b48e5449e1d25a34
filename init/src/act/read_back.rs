//! Success is what is read from the disk: the loader, its entry, and the entry's kernel and initrd, byte for byte those of the store.

use std::fs::{File, read};
use std::io::Read;
use std::path::Path;

use super::boot_files::{Entry, default_entry, inside};
use super::efi_program;
use crate::error::{Doing, Error, Kind, Result};

/// The path that firmware boots without an entry of its own (UEFI 2.10, section 3.5.1.1).
pub const REMOVABLE_PATH: &str = "boot/EFI/BOOT/BOOTX64.EFI";

/// Checks the file systems mounted at `root`.
///
/// # Errors
/// The first thing that is missing or different.
pub fn check(root: &Path, toplevel: &str) -> Result<()> {
    let wrong = |cause: String| Error::new(Kind::Verify, "reading the disk back", cause);
    let profile = inside(root, "/nix/var/nix/profiles/system").map_err(&wrong)?;
    let system = inside(root, toplevel).map_err(&wrong)?;
    if profile != system {
        return Err(wrong(format!("the system profile is {}, not {toplevel}", profile.display())));
    }
    loader(&root.join(REMOVABLE_PATH))?;
    inside(root, &format!("{toplevel}/init")).map_err(&wrong)?;
    let entry = default_entry(&root.join("boot")).map_err(&wrong)?;
    if !entry.options.split_whitespace().any(|word| word == format!("init={toplevel}/init")) {
        return Err(wrong(format!("the boot entry {} does not start {toplevel}", entry.name)));
    }
    compare(root, toplevel, &entry)
}

/// The system that the profile of this root leads to, a store path: one that was built has no name before.
///
/// # Errors
/// It leads nowhere.
pub fn installed(root: &Path) -> Result<String> {
    let wrong = |cause: String| Error::new(Kind::Verify, "reading the disk back", cause);
    let system = inside(root, "/nix/var/nix/profiles/system").map_err(wrong)?;
    let path = system.strip_prefix(root).unwrap_or(&system);
    Ok(format!("/{}", path.display()))
}

/// A whole EFI program, not an empty or half-written file.
pub fn loader(path: &Path) -> Result<()> {
    let doing = || format!("reading back {}", path.display());
    let program = read(path).doing(Kind::Verify, doing)?;
    match efi_program::is_whole(&program) {
        Some(true) => Ok(()),
        _ => Err(Error::new(Kind::Verify, doing(), "it is not a whole EFI program")),
    }
}

fn compare(root: &Path, toplevel: &str, entry: &Entry) -> Result<()> {
    for (on_esp, in_store) in [(&entry.linux, "kernel"), (&entry.initrd, "initrd")] {
        let copy = root.join("boot").join(on_esp.trim_start_matches('/'));
        let doing = || format!("comparing {} with {toplevel}/{in_store}", copy.display());
        let original = inside(root, &format!("{toplevel}/{in_store}")).map_err(|cause| Error::new(Kind::Verify, doing(), cause))?;
        let pair = (File::open(&copy).doing(Kind::Verify, doing)?, File::open(original).doing(Kind::Verify, doing)?);
        // With secrets for the initrd, NixOS appends them to the copy on the ESP.
        let longer = in_store == "initrd" && inside(root, &format!("{toplevel}/append-initrd-secrets")).is_ok();
        if !same(pair.0, pair.1, longer).doing(Kind::Verify, doing)? {
            return Err(Error::new(Kind::Verify, doing(), "they differ"));
        }
    }
    Ok(())
}

/// Whether the copy holds the bytes of the original; it may go on after them if it may be longer.
fn same(mut copy: impl Read, mut original: impl Read, longer: bool) -> std::io::Result<bool> {
    const CHUNK: u64 = 1 << 20;
    loop {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        original.by_ref().take(CHUNK).read_to_end(&mut right)?;
        copy.by_ref().take(if longer { right.len() as u64 } else { CHUNK }).read_to_end(&mut left)?;
        if left != right || right.is_empty() {
            return Ok(left == right);
        }
    }
}

#[cfg(test)]
mod tests;
