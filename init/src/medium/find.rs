//! Finds the medium by positive identity: the GPT with the image's disk GUID.
//!
//! The table is read by us, 512 bytes into the device, whatever the device's sector size is: the kernel makes no partitions on a CD
//! or on a stick with 4096-byte sectors. That a disk says it is removable, or is small, or comes first, proves nothing.

use std::fs::{File, read_to_string};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use super::manifest::Manifest;
use crate::decide::{Disk, Disks};
use crate::error::{Error, Kind, Result};
use crate::facts::table;
use crate::look::Roots;
use crate::sys::block;

/// The table of an image counts in these, whatever the device has.
const SECTOR: u64 = 512;

/// A medium found: the device it is on, and what the manifest says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Medium {
    /// Device node of the whole medium.
    pub node: String,
    /// Its disk as it was found: another may have its name after it was pulled.
    disk: Disk,
    /// What is on it.
    pub manifest: Manifest,
    partitions: Vec<Partition>,
    /// How many disks carry the image. With more than one it is not known which of them was booted.
    copies: usize,
}

/// A partition's name, and its start and length in bytes.
type Partition = (String, u64, u64);

/// Known to the failure screen as soon as the medium is found: it leaves the log there.
static FOUND: Mutex<Option<Medium>> = Mutex::new(None);

impl Medium {
    /// Finds the medium with the image of this manifest, and marks every disk that carries the same image as ours.
    ///
    /// # Errors
    /// No disk carries the image.
    pub fn find(roots: Roots, manifest: &Manifest, disks: &mut Disks) -> Result<Medium> {
        let mut found: Option<Medium> = None;
        for disk in disks.iter_mut() {
            let carries = |node: &str| table(node).filter(|(guid, _)| *guid == manifest.disk_guid);
            // In a partition somebody may keep a copy of the image; nothing boots from there, but it is not for us to erase.
            disk.ours = disk.partitions.iter().any(|partition| carries(&roots.node(partition)).is_some());
            let node = roots.node(&disk.name);
            if let Some((_, partitions)) = carries(&node) {
                disk.ours = true;
                let medium = || Medium { node, disk: disk.clone(), manifest: manifest.clone(), partitions, copies: 0 };
                found.get_or_insert_with(medium).copies += 1;
            }
        }
        let cause = format!("no disk carries the image {}", manifest.disk_guid);
        let medium = found.ok_or_else(|| Error::new(Kind::Medium, "looking for the medium we booted from", cause))?;
        *FOUND.lock().unwrap_or_else(PoisonError::into_inner) = Some(medium.clone());
        Ok(medium)
    }

    /// The medium, if it was ever found.
    pub fn found() -> Option<Medium> {
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether both are the very same attachment of the same device.
    pub fn is_same(&self, other: &Medium) -> bool {
        (&self.node, self.disk.diskseq) == (&other.node, other.disk.diskseq)
    }

    /// Whether it is the only disk with this image.
    pub fn is_unique(&self) -> bool {
        self.copies == 1
    }

    /// Whether its kit partition can be written, as far as is known.
    pub fn is_writable(&self) -> bool {
        self.is_unique() && !self.disk.optical && !self.disk.read_only
    }

    /// Whether the device that has its name now is still the medium.
    pub fn still_there(&self) -> bool {
        let seq = read_to_string(format!("/sys/block/{}/diskseq", self.disk.name)).unwrap_or_default();
        seq.trim() == self.disk.diskseq.to_string() && table(&self.node).is_some_and(|(guid, _)| guid == self.manifest.disk_guid)
    }

    /// Whether the kernel refuses writes to it now.
    pub fn is_protected(&self) -> bool {
        read_to_string(format!("/sys/block/{}/ro", self.disk.name)).is_ok_and(|ro| ro.trim() == "1")
    }

    /// Whether this open device is still the medium.
    pub fn is(&self, device: &File) -> bool {
        block::sequence(device) == Ok(self.disk.diskseq)
    }

    /// Start and length in bytes of the partition with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn partition(&self, name: &str) -> Result<(u64, u64)> {
        let missing = || Error::new(Kind::Medium, format!("looking for partition {name} on {}", self.node), "there is none");
        self.partitions.iter().find(|(n, _, _)| n == name).map(|(_, start, bytes)| (*start, *bytes)).ok_or_else(missing)
    }
}

/// Disk GUID, and name, start and length in bytes of each partition. `None` for a device without a readable GPT of 512-byte sectors.
fn table(node: &str) -> Option<(String, Vec<Partition>)> {
    let mut device = File::open(node).ok()?;
    let bytes = device.seek(SeekFrom::End(0)).ok()?;
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        device.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
    };
    let gpt = table::any_gpt(&read, bytes, SECTOR)?;
    let place = |p: &table::Partition| {
        let blocks = p.last.checked_sub(p.first)?.checked_add(1)?;
        Some((p.name.clone(), p.first.checked_mul(SECTOR)?, blocks.checked_mul(SECTOR)?))
    };
    Some((gpt.disk.to_string(), gpt.partitions.iter().filter_map(place).collect()))
}
