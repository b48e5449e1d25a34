//! Keyboard layouts for the initrd, in the form that busybox loads. A passphrase is typed before any other program is there, so what
//! `loadkeys` would do on a running system is done here, and the result is loaded as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::cpio::Archive;
use crate::command;

/// Where `init` finds them.
const DIRECTORY: &str = "etc/autoinstaller/keymaps";
/// What every layout starts with (busybox, `loadkmap`).
const MAGIC: &[u8] = b"bkeymap";

/// All layouts of the tree.
pub fn archive(tree: &Path) -> Result<Archive> {
    let mut archive = Archive::default();
    for (name, source) in sources(tree)? {
        archive.file(&format!("{DIRECTORY}/{name}"), 0o644, convert(tree, &source)?);
    }
    Ok(archive)
}

/// Refuses a host whose layout is not there.
pub fn check(tree: &Path, name: &str) -> Result<()> {
    let sources = sources(tree)?;
    let known = || sources.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    ensure!(sources.contains_key(name), "choosing the keyboard layout {name} (keymap): there are {}", known());
    Ok(())
}

/// What the file of a layout ends with: in Debian's console-data, which was unpacked, and in kbd, whose `loadkeys` unpacks it.
const ENDINGS: [&str; 3] = [".kmap", ".map", ".map.gz"];

/// Name and file of each layout.
fn sources(tree: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let finding = "finding the keyboard layouts";
    let mut sources = BTreeMap::new();
    for path in glob::glob(&tree.join("usr/share/keymaps/i386/*/*").to_string_lossy()).context(finding)? {
        let path = path.context(finding)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(name) = ENDINGS.iter().find_map(|ending| file.strip_suffix(ending)) else { continue };
        if let Some(other) = sources.insert(name.to_owned(), path.clone()) {
            bail!("naming the keyboard layout {}: {} has the same name", path.display(), other.display());
        }
    }
    ensure!(!sources.is_empty(), "finding the keyboard layouts: there are none in {}", tree.display());
    Ok(sources)
}

/// Runs the tree's own `loadkeys` with the tree's libraries.
fn convert(tree: &Path, source: &Path) -> Result<Vec<u8>> {
    let subject = format!("converting {}", source.display());
    let mut command = command::of_tree(tree, "usr/bin/loadkeys");
    // Relative names of other layouts are looked for beside the layout itself.
    let layout = command::output(&subject, command.args(["--bkeymap", "--unicode"]).arg(source))?;
    ensure!(layout.starts_with(MAGIC), "{subject}: loadkeys wrote something else");
    Ok(layout)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_layout_is_named_by_its_file_and_must_be_there() {
        let tree = std::env::temp_dir().join(format!("keymaps-test-{}", std::process::id()));
        let file = |name: &str| tree.join("usr/share/keymaps/i386").join(name);
        for name in ["qwertz/de.kmap", "qwerty/uk.map.gz", "include/euro.inc"] {
            fs::create_dir_all(file(name).parent().unwrap()).unwrap();
            fs::write(file(name), "").unwrap();
        }
        check(&tree, "de").unwrap();
        let refused = check(&tree, "euro").unwrap_err().to_string();
        fs::write(file("qwerty/de.kmap"), "").unwrap();
        let twice = check(&tree, "de").unwrap_err().to_string();
        fs::remove_dir_all(&tree).unwrap();
        assert_eq!(refused, "choosing the keyboard layout euro (keymap): there are de, uk");
        assert!(twice.ends_with("/qwerty/de.kmap has the same name"), "{twice}");
    }
}
