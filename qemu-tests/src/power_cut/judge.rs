//! Whether a disk after a cut keeps the promise: firmware finds nothing on it, or everything.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::cut::Cut;
use super::log::Log;
use super::replay;
use super::rows::{DISK, FRESH};
use crate::cache;
use crate::image::Image;
use crate::vm::after::ESP_START;
use crate::vm::oracle::{self, Installed, Keys, StoreCheck, Wanted};
use crate::vm::sparse;

/// Where FAT32 says that it was mounted when the power went, and the bit that says so.
const DIRTY: (u64, u8) = (ESP_START + 65, 1);

/// The disk that is judged, and copies of what is on it, in the directory of the recording.
const DISK_FILE: &str = "judged.cut";
const COPIES: &str = "oracle";

/// What it takes to judge a whole disk.
pub struct Judge<'a> {
    /// What was written.
    pub log: &'a Log,
    /// The medium whose installation it was.
    pub image: &'a Image,
    /// Verifies stores.
    pub store: &'a dyn StoreCheck,
    /// Where the recording is, and copies go.
    pub dir: &'a Path,
}

impl Judge<'_> {
    /// Tells disks apart.
    pub fn digest(&self, cut: &Cut) -> Result<String> {
        let disk = self.dir.join(DISK_FILE);
        self.make(cut, &disk)?;
        sparse::digest(&disk, None)
    }

    /// Fails unless everything is on the disk: table, file systems, log, profile, the loader with its entry, kernel and initrd, the store.
    pub fn complete(&self, cut: &Cut) -> Result<()> {
        let disk = self.dir.join(DISK_FILE);
        self.make(cut, &disk)?;
        // That somebody had it mounted is no fault of what is on it, and stops nobody.
        clean(&disk)?;
        let installed = Installed {
            wanted: &Wanted::read(&self.image.settings_text, FRESH.words),
            keys: &Keys::default(),
            ram_mib: FRESH.ram_mib,
            toplevel: &self.image.toplevel,
            loader: &self.image.loader,
            tools: &self.image.stage2_root,
            store: self.store,
        };
        oracle::check(&disk, DISK.sector, &self.dir.join(COPIES), &installed)
    }

    /// Removes what is big, but for the recording.
    pub fn sweep(&self) -> Result<()> {
        cache::remove(&self.dir.join(COPIES))?;
        fs::remove_file(self.dir.join(DISK_FILE)).context("removing the judged disk")
    }

    /// Makes the file of the disk.
    pub fn make(&self, cut: &Cut, path: &Path) -> Result<()> {
        replay::make(self.log, cut, DISK.mib << 20, path)
    }
}

fn clean(disk: &Path) -> Result<()> {
    let cleaning = || format!("marking the ESP of {} clean", disk.display());
    let file = OpenOptions::new().read(true).write(true).open(disk).with_context(cleaning)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, DIRTY.0).with_context(cleaning)?;
    byte[0] &= !DIRTY.1;
    file.write_all_at(&byte, DIRTY.0).with_context(cleaning)
}
