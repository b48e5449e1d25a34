//! Loads a module for every device that is already there, again and again until nothing new appears: a bus driver brings new devices.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{read_dir, read_to_string};
use std::path::Path;

use super::load::Loader;

/// One round over all devices; says whether a module was loaded. Call it until it says no, and again when devices may have come.
pub fn coldplug(loader: &mut Loader) -> bool {
    let mut aliases = BTreeSet::new();
    collect(Path::new("/sys/devices"), &mut aliases);
    aliases.iter().filter(|alias| loader.load_for(alias).anything_new).count() > 0
}

/// The modaliases below a directory. Symbolic links are not followed: they lead in circles.
fn collect(directory: &Path, aliases: &mut BTreeSet<String>) {
    let Ok(entries) = read_dir(directory) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            // Every device has one of these, and none of them holds a device: they are half of all directories.
            Ok(_) if entry.file_name() == "power" => {}
            Ok(kind) if kind.is_dir() => {
                if is_card(&entry.file_name()) {
                    aliases.extend(announced(&read_to_string(entry.path().join("uevent")).unwrap_or_default()));
                }
                collect(&entry.path(), aliases);
            }
            Ok(_) if entry.file_name() == "modalias" => {
                let alias = read_to_string(entry.path()).unwrap_or_default();
                let alias = alias.trim();
                if !alias.is_empty() {
                    aliases.insert(alias.into());
                }
            }
            _ => {}
        }
    }
}

/// Whether a device is a card or built-in flash, as `mmc0:aaaa`: they have no file `modalias`.
fn is_card(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("mmc") && name.contains(':'))
}

/// The modalias with which a device is announced.
fn announced(uevent: &str) -> Option<String> {
    uevent.lines().find_map(|line| line.strip_prefix("MODALIAS=")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modaliases_are_found_at_any_depth() {
        let root = std::env::temp_dir().join(format!("coldplug-{}", std::process::id()));
        std::fs::create_dir_all(root.join("pci0000:00/0000:00:01.0/usb1")).unwrap();
        std::fs::write(root.join("pci0000:00/0000:00:01.0/modalias"), "pci:v1\n").unwrap();
        std::fs::write(root.join("pci0000:00/0000:00:01.0/usb1/modalias"), "usb:v2\n").unwrap();
        std::fs::write(root.join("pci0000:00/modalias"), "\n").unwrap();
        for (card, uevent) in [("mmc0:aaaa", "DRIVER=mmcblk\nMODALIAS=mmc:block\n"), ("mmc0:bbbb", ""), ("mmc1", "MODALIAS=x\n")] {
            std::fs::create_dir_all(root.join("mmc_host").join(card)).unwrap();
            std::fs::write(root.join("mmc_host").join(card).join("uevent"), uevent).unwrap();
        }
        let mut aliases = BTreeSet::new();
        collect(&root, &mut aliases);
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(aliases.into_iter().collect::<Vec<_>>(), ["mmc:block", "pci:v1", "usb:v2"]);
    }
}
