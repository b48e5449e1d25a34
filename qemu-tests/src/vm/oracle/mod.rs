//! Judges an installed disk with tools that are not ours: gdisk, util-linux, e2fsprogs, dosfstools, mtools, cryptsetup, Nix.
//!
//! Must never use code of `init`, its reading of a size aside: an error made in both would not be seen. Reads copies, so that the disk
//! can still be booted.

mod decrypt;
pub mod filesystem;
pub mod layout;
pub mod loader;
mod luks;
pub mod nix;
pub mod secrets;
pub mod signatures;
pub mod table;
pub mod wanted;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use layout::Holds;
pub use nix::StoreCheck;
pub use secrets::Keys;
pub use wanted::Wanted;

use super::sparse;
use crate::cache;

/// The log that the installer leaves on the installed system.
const LOG: &str = "var/log/autoinstaller.log";

/// What the installation was to put on the disk.
pub struct Installed<'a> {
    /// What was asked for.
    pub wanted: &'a Wanted,
    /// What opens it, if it is locked.
    pub keys: &'a Keys,
    /// The machine's memory in MiB, part of which the passphrase was stretched over.
    pub ram_mib: u32,
    /// Store path of the installed system.
    pub toplevel: &'a str,
    /// The boot loader that the firmware is to find.
    pub loader: &'a Path,
    /// Tree with the programs that judge what was made by programs of their version.
    pub tools: &'a Path,
    /// Verifies the installed store.
    pub store: &'a dyn StoreCheck,
}

/// Fails, with the first thing that is wrong, unless the disk carries the whole installation. `work` is for the copies.
pub fn check(disk: &Path, sector: u32, work: &Path, expected: &Installed) -> Result<()> {
    cache::remove(work)?;
    let root = work.join("root");
    let esp = work.join("esp");
    for dir in [&root, &esp] {
        fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    }
    let parts = table::read(disk, sector)?;
    let size = fs::metadata(disk).with_context(|| format!("measuring {}", disk.display()))?.len();
    let rows = layout::rows(expected.wanted, sector)?;
    layout::check(&parts, size, sector, &rows)?;
    let (esp_part, root_part) = (work.join("esp.img"), work.join("root.img"));
    let root_label = expected.wanted.need("labels.root")?;
    for (part, row) in parts.iter().zip(&rows) {
        let other = work.join("other.img");
        let file = match row.holds {
            Holds::Esp => &esp_part,
            Holds::Root => &root_part,
            Holds::Container | Holds::Swap | Holds::Nothing => &other,
        };
        sparse::carve(disk, part.range.clone(), file)?;
        match row.holds {
            Holds::Esp => filesystem::check_esp(file, &row.name)?,
            Holds::Swap => filesystem::check_swap(file, &row.name)?,
            Holds::Nothing => signatures::expect(file, &row.name, &[])?,
            Holds::Container => luks::open(file, &row.name, sector, expected, &root_part)?,
            Holds::Root => {}
        }
    }
    let root_kind = expected.wanted.text("rootFs").unwrap_or("ext4");
    filesystem::check_root(&root_part, root_kind, root_label, expected.tools)?;
    expected.keys.absent(&root_part)?;
    filesystem::dump_esp(&esp_part, &esp)?;
    if !filesystem::can_dump(root_kind) {
        return loader::check(&esp, expected.loader, None, expected.toplevel);
    }
    filesystem::dump_root(&root_part, root_kind, &root, expected.tools)?;
    check_log(&root.join(LOG))?;
    check_profile(&root, expected.toplevel)?;
    loader::check(&esp, expected.loader, Some(&root), expected.toplevel)?;
    expected.store.verify(&root, expected.toplevel)
}

fn check_log(log: &Path) -> Result<()> {
    let text = fs::read_to_string(log).with_context(|| format!("reading the installed /{LOG}"))?;
    if !text.lines().any(|line| line.contains("step ")) {
        bail!("reading the installed /{LOG}: no line tells a step");
    }
    Ok(())
}

/// The system profile leads, link by link, to the system that was to be installed.
fn check_profile(root: &Path, toplevel: &str) -> Result<()> {
    let profiles = root.join("nix/var/nix/profiles");
    let generation = fs::read_link(profiles.join("system")).context("reading the system profile's link")?;
    let system =
        fs::read_link(profiles.join(&generation)).with_context(|| format!("reading the link of generation {}", generation.display()))?;
    if system != Path::new(toplevel) {
        bail!("reading the system profile: it is {}, not {toplevel}", system.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
