//! Judges an installed disk with tools that are not ours: gdisk, util-linux, e2fsprogs, dosfstools, mtools, Nix.
//!
//! Must never use code of `init`, its reading of the settings aside: an error made in both would not be seen. Reads copies, so that
//! the disk can still be booted.

pub mod filesystem;
pub mod layout;
pub mod loader;
pub mod nix;
pub mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use init::settings::Settings;

pub use nix::StoreCheck;

use super::sparse;
use crate::cache;

/// The log that the installer leaves on the installed system.
const LOG: &str = "var/log/autoinstaller.log";

/// What the installation was to put on the disk.
pub struct Installed<'a> {
    /// What was asked for: labels and swap.
    pub settings: &'a Settings,
    /// Store path of the installed system.
    pub toplevel: &'a str,
    /// The boot loader that the firmware is to find.
    pub loader: &'a Path,
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
    layout::check(&parts, size, sector, expected.settings)?;
    let [esp_part, root_part, swap_part] = [0, 1, 2].map(|index| work.join(format!("p{}.img", index + 1)));
    for (part, file) in parts.iter().zip([&esp_part, &root_part, &swap_part]) {
        sparse::carve(disk, part.range.clone(), file)?;
    }
    let labels = &expected.settings.labels;
    filesystem::check_esp(&esp_part, &labels.efi)?;
    filesystem::check_root(&root_part, &labels.root)?;
    if expected.settings.swap.is_some() {
        filesystem::check_swap(&swap_part, &labels.swap)?;
    }
    filesystem::dump_root(&root_part, &root)?;
    filesystem::dump_esp(&esp_part, &esp)?;
    check_log(&root.join(LOG))?;
    check_profile(&root, expected.toplevel)?;
    loader::check(&esp, expected.loader, &root, expected.toplevel)?;
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
