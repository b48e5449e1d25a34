//! Takes out of modules what only debuggers and tracers read. Every byte of a module is unpacked into memory at boot, read again when it is
//! loaded, and hashed if it is signed, so that all that nobody needs is paid for several times.
//!
//! Gone are: type information (`.BTF`, for programs of BPF, of which the installer has none); names of functions that no relocation refers
//! to; and, since it would not fit what is left, the signature at the end. A kernel that enforces signatures would refuse
//! such modules, and none does where Secure Boot is off, as it must be for this medium. What stays is all that the code needs.

use std::fs;
use std::path::Path;
use std::process;

use anyhow::{Context, Result};

use super::modules::decompressed;
use crate::cache;
use crate::command;

/// Says how it is done, for keys of results: change it with the recipe.
pub const RECIPE: [&str; 2] = ["--strip-unneeded", "--remove-section=.BTF"];

/// A module file's content without compression and without what its code does not need.
pub fn lean(file: &Path) -> Result<Vec<u8>> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let plain = cache::directory("image")?.join(format!("{name}-{}", process::id()));
    fs::write(&plain, decompressed(file)?).with_context(|| format!("writing {}", plain.display()))?;
    let made = command::run(&format!("stripping {}", file.display()), command::tool("objcopy").args(RECIPE).arg(&plain));
    let bytes = made.and_then(|()| fs::read(&plain).with_context(|| format!("reading {}", plain.display())));
    fs::remove_file(&plain).with_context(|| format!("removing {}", plain.display()))?;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn names_of_a_program_go_and_what_is_no_program_is_named() {
        let directory = scratch("lean");
        let [module, text] = ["module.ko", "text.ko"].map(|name| directory.join(name));
        // This very test: it has names, and type information is what only modules have.
        fs::copy(std::env::current_exe().unwrap(), &module).unwrap();
        let before = fs::metadata(&module).unwrap().len();
        assert!((lean(&module).unwrap().len() as u64) < before);
        fs::write(&text, "text").unwrap();
        let error = lean(&text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("stripping {}: objcopy exited with 1: ", text.display())), "{error}");
    }
}
