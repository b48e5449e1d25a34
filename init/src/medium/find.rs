//! Finds the medium by positive identity: the GPT with the image's disk GUID.
//!
//! The table is read by us, 512 bytes into the device, whatever the device's sector size is: the kernel makes no partitions on a CD
//! or on a stick with 4096-byte sectors. That a disk says it is removable, or is small, or comes first, proves nothing.

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;

use super::manifest::{self, Manifest};
use crate::decide::{Disk, Disks};
use crate::error::{Doing, Error, Kind, Result};

/// A medium found: the device it is on, and what the manifest says of it.
#[derive(Clone, Debug)]
pub struct Medium {
    /// Device node of the whole medium.
    pub node: String,
    /// Its disk as it was found: another may have its name after it was pulled.
    disk: Disk,
    /// What is on it.
    pub manifest: Manifest,
    partitions: Vec<Partition>,
}

/// A partition's name, and its start and length in bytes.
type Partition = (String, u64, u64);

/// Known to the failure screen as soon as the medium is found: it leaves the log there.
static FOUND: OnceLock<Medium> = OnceLock::new();

impl Medium {
    /// Finds the medium and marks every disk that carries the same image as ours.
    ///
    /// # Errors
    /// The manifest cannot be read, or no disk carries the image.
    pub fn find(disks: &mut Disks) -> Result<Medium> {
        let text = read_to_string(manifest::PATH).doing(Kind::Medium, || format!("reading {}", manifest::PATH))?;
        let manifest = Manifest::parse(&text)?;
        let mut found = None;
        for disk in disks.iter_mut() {
            let Some((guid, partitions)) = table(disk) else { continue };
            if guid == manifest.disk_guid {
                disk.ours = true;
                found.get_or_insert_with(|| Medium { node: disk.node(), disk: disk.clone(), manifest: manifest.clone(), partitions });
            }
        }
        let cause = format!("no disk carries the image {}", manifest.disk_guid);
        let medium = found.ok_or_else(|| Error::new(Kind::Medium, "looking for the medium we booted from", cause))?;
        Ok(FOUND.get_or_init(|| medium).clone())
    }

    /// The medium, if it was ever found.
    pub fn found() -> Option<&'static Medium> {
        FOUND.get()
    }

    /// Whether the device that has its name now is still the medium.
    pub fn still_there(&self) -> bool {
        let seq = read_to_string(format!("/sys/block/{}/diskseq", self.disk.name)).unwrap_or_default();
        seq.trim() == self.disk.diskseq.to_string() && table(&self.disk).is_some_and(|(guid, _)| guid == self.manifest.disk_guid)
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

/// Whether the header of a table (UEFI 2.10, section 5.3.2) is of the kind that the image builder writes. Disks of others may carry
/// anything, and the crate that reads tables stops at entries of another size.
fn plausible(header: &[u8; 92]) -> bool {
    let number = |at: usize| header.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    header.starts_with(b"EFI PART") && number(84) == Some(128) && number(80).is_some_and(|entries| entries <= 1024)
}

/// Disk GUID, and name, start and length in bytes of each partition. `None` for a device without a readable GPT of 512-byte sectors.
fn table(disk: &Disk) -> Option<(String, Vec<Partition>)> {
    const SECTORS: LogicalBlockSize = LogicalBlockSize::Lb512;
    let device = File::open(disk.node()).ok()?;
    let mut header = [0; 92];
    device.read_exact_at(&mut header, SECTORS.as_u64()).ok()?;
    if !plausible(&header) {
        return None;
    }
    let table = GptConfig::new().writable(false).logical_block_size(SECTORS).open_from_device(device).ok()?;
    let partitions = table.partitions().values();
    let partitions = partitions.filter_map(|p| Some((p.name.clone(), p.bytes_start(SECTORS).ok()?, p.bytes_len(SECTORS).ok()?)));
    Some((table.guid().to_string().to_ascii_lowercase(), partitions.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(entries: u32, size: u32) -> [u8; 92] {
        let mut header = [0; 92];
        header[..8].copy_from_slice(b"EFI PART");
        header[80..84].copy_from_slice(&entries.to_le_bytes());
        header[84..88].copy_from_slice(&size.to_le_bytes());
        header
    }

    #[test]
    fn tables_of_others_are_left_alone() {
        assert!(plausible(&header(128, 128)) && plausible(&header(248, 128)));
        for foreign in [header(128, 256), header(u32::MAX, 128), header(128, 0), [0; 92]] {
            assert!(!plausible(&foreign));
        }
    }
}
