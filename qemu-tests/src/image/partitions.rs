//! Makes the medium's two FAT file systems with mkfs.vfat and mtools: the ESP, and the kit, where a person finds the
//! log of a failure. Needs no mount and no root. Same input, same bytes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use super::loader;
use super::medium::LABELS;
use crate::cache::Key;
use crate::command::{self, EPOCH};
use crate::parts::Parts;

/// In KiB. FAT32 has at least 65525 clusters, here of one sector.
const SMALLEST_ESP: u64 = 34 * 1024;
/// In KiB: tables, directories and the boot loader beside kernel and initrd.
const ESP_OVERHEAD: u64 = 2 * 1024;
/// In KiB; with clusters of 2 KiB well inside what FAT16 can number.
pub const KIT_SIZE: u64 = 16 * 1024;

/// Arguments of mkfs.vfat: clusters of one sector, and of four.
const ESP_FORMAT: [&str; 4] = ["-F", "32", "-s", "1"];
const KIT_FORMAT: [&str; 4] = ["-F", "16", "-s", "4"];

const KIT_README: &str = "If an installation from this medium fails, its log is written here as\r\n\
    autoinstaller.log. What you put here is for the new system: README.md says what.\r\n";

/// Adds what the file systems hold and how they are made, their larger files aside.
pub fn identify(key: &mut Key) {
    key.add(KIT_README.as_bytes());
    key.add(format!("{SMALLEST_ESP} {ESP_OVERHEAD} {KIT_SIZE} {EPOCH} {ESP_FORMAT:?} {KIT_FORMAT:?}").as_bytes());
}

/// A FAT file system to be made.
struct Fat {
    label: &'static str,
    /// Volume serial number, eight hexadecimal digits.
    id: String,
    kib: u64,
    format: [&'static str; 4],
    /// Destination and source.
    files: Vec<(String, PathBuf)>,
}

/// The EFI system partition: both loaders' files, kernel and initrd.
pub fn esp(image: &Path, parts: &Parts, initrd: &Path, disk_guid: &str, work: &Path) -> Result<()> {
    let mut files = vec![
        ("EFI/BOOT/BOOTX64.EFI".to_owned(), parts.loader.clone()),
        ("linux".to_owned(), parts.kernel.clone()),
        ("initrd".to_owned(), initrd.to_path_buf()),
    ];
    let grub = loader::grub_directory(disk_guid);
    let menu = format!("{}/grub.cfg", grub.trim_start_matches('/'));
    let texts =
        loader::systemd_boot().into_iter().map(|(name, text)| (format!("loader/{name}"), text)).chain([(menu, loader::grub_menu())]);
    for (name, text) in texts {
        files.push((name.clone(), staged(work, &name.replace('/', "-"), &text)?));
    }
    let mut bytes = 0;
    for (_, source) in &files {
        let size = fs::metadata(source).with_context(|| format!("reading {}", source.display()))?;
        bytes += size.len();
    }
    let fat = Fat {
        label: LABELS[0],
        id: disk_guid[..8].to_uppercase(),
        kib: (bytes.div_ceil(1024) + ESP_OVERHEAD).next_multiple_of(1024).max(SMALLEST_ESP),
        format: ESP_FORMAT,
        files,
    };
    fat.make(image, work)
}

/// The kit partition.
pub fn kit(image: &Path, disk_guid: &str, work: &Path) -> Result<()> {
    let fat = Fat {
        label: LABELS[1],
        id: disk_guid[24..32].to_uppercase(),
        kib: KIT_SIZE,
        format: KIT_FORMAT,
        files: vec![("README.TXT".to_owned(), staged(work, "README.TXT", KIT_README)?)],
    };
    fat.make(image, work)
}

impl Fat {
    fn make(&self, image: &Path, work: &Path) -> Result<()> {
        let subject = format!("making the file system {}", self.label);
        File::create(image).and_then(|file| file.set_len(self.kib * 1024)).with_context(|| subject.clone())?;
        let mut format = command::tool("mkfs.vfat");
        format.args(self.format).args(["--invariant", "-n", self.label]);
        command::run(&subject, format.arg(image))?;
        // --invariant fixes the volume's id, too, whatever -i says: it is set afterwards.
        let mut name = command::tool("mlabel");
        name.args(["-N", &self.id]).arg("-i").arg(image);
        command::run(&subject, name.arg(format!("::{}", self.label)))?;
        for directory in self.directories() {
            let mut make = command::tool("mmd");
            make.arg("-i").arg(image).arg(format!("::{directory}"));
            command::run(&subject, &mut make)?;
        }
        for (name, source) in &self.files {
            // mcopy keeps the time of the file it copies: give it one that is always the same.
            let dated = work.join("dated");
            fs::copy(source, &dated).with_context(|| subject.clone())?;
            date(&dated)?;
            let mut copy = command::tool("mcopy");
            copy.arg("-m").arg("-i").arg(image).arg(&dated);
            command::run(&subject, copy.arg(format!("::{name}")))?;
        }
        Ok(())
    }

    /// Every directory the files lie in, parents first.
    fn directories(&self) -> BTreeSet<&str> {
        let names = self.files.iter().map(|(name, _)| name.as_str());
        names.flat_map(|name| name.match_indices('/').map(move |(end, _)| &name[..end])).collect()
    }
}

fn staged(work: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = work.join(name);
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// Dates a file as everything in an image is dated.
pub fn date(path: &Path) -> Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH);
    File::options().write(true).open(path).and_then(|file| file.set_modified(time)).with_context(|| format!("dating {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_made_parents_first() {
        let fat = Fat {
            label: "T",
            id: String::new(),
            kib: 0,
            format: [""; 4],
            files: vec![
                ("loader/entries/a".to_owned(), PathBuf::new()),
                ("EFI/BOOT/B".to_owned(), PathBuf::new()),
                ("linux".to_owned(), PathBuf::new()),
            ],
        };
        let directories: Vec<&str> = fat.directories().into_iter().collect();
        assert_eq!(directories, ["EFI", "EFI/BOOT", "loader", "loader/entries"]);
    }
}
