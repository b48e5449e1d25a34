//! Copies of the programs that assemble a medium, with all their libraries: what a Nix build without nixpkgs works with. The same files
//! do the same work outside of it, so that the results can be compared.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::image::libraries;
use crate::{cache, command};

/// Programs that `xtask iso --parts` calls.
const PROGRAMS: [&str; 15] = [
    "cp",
    "git",
    "git-upload-pack",
    "grub-mkimage",
    "gzip",
    "mcopy",
    "mkfs.vfat",
    "mksquashfs",
    "mlabel",
    "mmd",
    "objcopy",
    "sgdisk",
    "xorriso",
    "xz",
    "zstd",
];

/// This program, even if another was built in its place since.
pub const THIS: &str = "/proc/self/exe";

/// The character set of names in a FAT file system, which mtools asks the C library for (iconv(3)): its file, and the table that names it.
const CHARACTERS: &str = "IBM850.so";
const TABLE: &str = "alias CP850// IBM850//\nmodule IBM850// INTERNAL IBM850 1\nmodule INTERNAL IBM850// IBM850 1\n";

/// Copies them and this program itself into `bin` and `lib` of a new directory.
///
/// # Errors
/// One is not there, or cannot be read.
pub fn lay(directory: &Path) -> Result<()> {
    cache::remove(directory)?;
    for name in ["bin", "lib", "lib/gconv"] {
        fs::create_dir_all(directory.join(name)).with_context(|| format!("making {}", directory.display()))?;
    }
    let mut programs = Vec::from(PROGRAMS.map(|name| Ok((name, find(name)?)))).into_iter().collect::<Result<Vec<_>>>()?;
    programs.push(("xtask", THIS.into()));
    for (name, file) in &programs {
        copy(file, &directory.join("bin").join(name))?;
        let file = file.to_str().with_context(|| format!("naming {}: not UTF-8", file.display()))?;
        for (path, library) in libraries::needed(Path::new("/"), &[file])? {
            let name = Path::new(&path).file_name().with_context(|| format!("naming {path}"))?;
            copy(&library, &directory.join("lib").join(name))?;
        }
    }
    let characters = directory.join("lib/gconv");
    copy(&Path::new("/usr/lib/x86_64-linux-gnu/gconv").join(CHARACTERS), &characters.join(CHARACTERS))?;
    fs::write(characters.join("gconv-modules"), TABLE).context("naming a character set")
}

fn find(name: &str) -> Result<PathBuf> {
    let mut places = command::search_path().into_iter().map(|directory| directory.join(name));
    places.find(|path| path.is_file()).with_context(|| format!("finding {name}: it is not there"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).with_context(|| format!("copying {} to {}", from.display(), to.display()))
}
