//! What firmware could start from a FAT file system: every `.EFI` file below its directory `EFI`, which is more than it looks for.
//!
//! A reading of FAT12, FAT16 and FAT32 of our own (Microsoft's specification, UEFI 2.10 section 13.3), since thousands of disks are looked
//! at: whether what it finds would boot is for others to say. Only short names are read. What cannot be read is not there.

use anyhow::Result;

/// Deeper than `EFI/BOOT/BOOTX64.EFI` nothing is looked for.
const DEPTH: usize = 3;
/// Bytes of an entry.
const ENTRY: usize = 32;
/// A directory as long as that is damaged.
const MOST_CLUSTERS: usize = 256;

/// Reads bytes of the file system, counted from its start.
pub type Read<'a> = dyn Fn(u64, &mut [u8]) -> Result<()> + 'a;

/// Whether there is anything to start in what begins at this byte of a disk: a loader, or at its very start the code that a BIOS starts.
pub fn finds(read: &Read, start: u64) -> Result<bool> {
    let mut sector = [0; 512];
    read(0, &mut sector)?;
    let code = start == 0 && sector[510..] == [0x55, 0xaa] && sector[..440] != [0; 440];
    Ok(code || !loaders(read)?.is_empty())
}

/// The loaders, as paths.
fn loaders(read: &Read) -> Result<Vec<String>> {
    let Some(fat) = Fat::open(read)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in fat.root()?.iter().filter(|entry| entry.is_directory && entry.name == "EFI") {
        fat.collect(entry, "EFI", DEPTH, &mut found)?;
    }
    Ok(found)
}

struct Fat<'a> {
    read: &'a Read<'a>,
    table: u64,
    data: u64,
    cluster: u64,
    last: u32,
    bits: Bits,
    root: Root,
}

/// How wide a number in the table of clusters is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bits {
    Twelve,
    Sixteen,
    ThirtyTwo,
}

/// Where the root directory is.
enum Root {
    /// In a chain of clusters like any other.
    At(u32),
    /// Between the tables and the clusters, so many bytes.
    Before(u64),
}

struct Entry {
    name: String,
    is_directory: bool,
    first: u32,
}

impl<'a> Fat<'a> {
    fn open(read: &'a Read<'a>) -> Result<Option<Fat<'a>>> {
        let mut boot = [0; 512];
        read(0, &mut boot)?;
        let short = |at: usize| u64::from(u16::from_le_bytes([boot[at], boot[at + 1]]));
        let long = |at: usize| short(at) | short(at + 2) << 16;
        // The older number where there is one.
        let either = |old: u64, new: u64| if old == 0 { new } else { old };
        let (sector, per_cluster, tables, table_sectors) =
            (short(11), u64::from(boot[13]), u64::from(boot[16]), either(short(22), long(36)));
        let good = boot[510..] == [0x55, 0xaa] && sector.is_power_of_two() && sector >= 512 && per_cluster > 0 && table_sectors > 0;
        if !good {
            return Ok(None);
        }
        let (table, cluster) = (short(14) * sector, per_cluster * sector);
        // Where it is in clusters it has no length here.
        let root_bytes = (short(17) * ENTRY as u64).next_multiple_of(sector);
        let data = table + tables * table_sectors * sector + root_bytes;
        let clusters = (either(short(19), long(32)) * sector).saturating_sub(data) / cluster;
        let (bits, root) = match clusters {
            _ if short(22) == 0 => (Bits::ThirtyTwo, Root::At(long(44) as u32)),
            ..4085 => (Bits::Twelve, Root::Before(root_bytes)),
            _ => (Bits::Sixteen, Root::Before(root_bytes)),
        };
        // From some number on they mean that a chain ends.
        let (width, end) = match bits {
            Bits::Twelve => (12, 0xff7),
            Bits::Sixteen => (16, 0xfff7),
            Bits::ThirtyTwo => (32, 0x0fff_fff7),
        };
        let last = (table_sectors * sector * 8 / width).min(end) as u32;
        Ok(Some(Fat { read, table, data, cluster, last, bits, root }))
    }

    fn root(&self) -> Result<Vec<Entry>> {
        match self.root {
            Root::At(cluster) => self.directory(cluster),
            Root::Before(length) => {
                let mut bytes = vec![0; length as usize];
                (self.read)(self.data - length, &mut bytes)?;
                let mut entries = Vec::new();
                collect_entries(&bytes, &mut entries);
                Ok(entries)
            }
        }
    }

    /// The cluster that follows.
    fn next(&self, cluster: u32) -> Result<u32> {
        let (mut bytes, number) = ([0; 4], u64::from(cluster));
        let at = match self.bits {
            Bits::Twelve => number + number / 2,
            Bits::Sixteen => number * 2,
            Bits::ThirtyTwo => number * 4,
        };
        (self.read)(self.table + at, &mut bytes)?;
        let next = u32::from_le_bytes(bytes);
        Ok(match self.bits {
            Bits::Twelve if cluster % 2 == 1 => next >> 4 & 0xfff,
            Bits::Twelve => next & 0xfff,
            Bits::Sixteen => next & 0xffff,
            Bits::ThirtyTwo => next & 0x0fff_ffff,
        })
    }

    fn collect(&self, directory: &Entry, path: &str, depth: usize, found: &mut Vec<String>) -> Result<()> {
        for entry in self.directory(directory.first)? {
            let path = format!("{path}/{}", entry.name);
            if !entry.is_directory && entry.name.ends_with(".EFI") {
                found.push(path);
            } else if entry.is_directory && depth > 1 && !entry.name.starts_with('.') {
                self.collect(&entry, &path, depth - 1, found)?;
            }
        }
        Ok(())
    }

    /// The entries in a chain of clusters.
    fn directory(&self, first: u32) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut cluster = first;
        for _ in 0..MOST_CLUSTERS {
            if cluster < 2 || cluster >= self.last {
                break;
            }
            let mut bytes = vec![0; self.cluster as usize];
            (self.read)(self.data + u64::from(cluster - 2) * self.cluster, &mut bytes)?;
            if collect_entries(&bytes, &mut entries) {
                break;
            }
            cluster = self.next(cluster)?;
        }
        Ok(entries)
    }
}

/// Adds the entries that a piece of a directory has; whether that was the last piece.
fn collect_entries(bytes: &[u8], entries: &mut Vec<Entry>) -> bool {
    for entry in bytes.chunks_exact(ENTRY) {
        match entry[0] {
            0 => return true,
            0xe5 => {}
            // Long names have all four of these attributes, and a label has this one.
            _ if entry[11] & 0x08 != 0 => {}
            _ => entries.push(Entry::read(entry)),
        }
    }
    false
}

impl Entry {
    fn read(bytes: &[u8]) -> Entry {
        let part = |range: std::ops::Range<usize>| String::from_utf8_lossy(&bytes[range]).trim_end().to_owned();
        let (base, ending) = (part(0..8), part(8..11));
        let half = |at: usize| u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        Entry {
            name: if ending.is_empty() { base } else { format!("{base}.{ending}") },
            is_directory: bytes[11] & 0x10 != 0,
            first: half(20) << 16 | half(26),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Its cluster, and its entries: name, attributes, first cluster.
    pub type Directory<'a> = (usize, &'a [(&'a str, u8, u8)]);

    /// An ESP of clusters of 512 bytes: the root directory is cluster 2, and each directory is one cluster.
    pub fn esp(directories: &[Directory]) -> Vec<u8> {
        let mut disk = vec![0; 64 * 512];
        disk[510..512].copy_from_slice(&[0x55, 0xaa]);
        // Bytes of a sector, sectors of a cluster, sectors before the tables, tables, sectors of a table, cluster of the root.
        for (at, value) in [(12, 2), (13, 1), (14, 1), (16, 2), (36, 1), (44, 2)] {
            disk[at] = value;
        }
        for (cluster, entries) in directories {
            disk[512 + cluster * 4..][..4].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
            for (index, (name, kind, first)) in entries.iter().enumerate() {
                let entry = &mut disk[(1 + 2 + cluster - 2) * 512 + index * ENTRY..][..ENTRY];
                entry[..11].copy_from_slice(name.as_bytes());
                (entry[11], entry[26]) = (*kind, *first);
            }
        }
        disk
    }

    fn found(disk: &[u8]) -> Vec<String> {
        let read = |at: u64, buffer: &mut [u8]| {
            buffer.copy_from_slice(&disk[at as usize..][..buffer.len()]);
            Ok(())
        };
        loaders(&read).unwrap()
    }

    pub const DIRECTORY: u8 = 0x10;
    pub const FILE: u8 = 0x20;

    #[test]
    fn loaders_are_found_below_efi_alone() {
        let boot: Directory = (4, &[(".          ", DIRECTORY, 4), ("BOOTX64 EFI", FILE, 9), ("README  TXT", FILE, 9)]);
        let nixos: Directory = (5, &[("KERNEL~1EFI", FILE, 9)]);
        let efi: Directory = (3, &[("BOOT       ", DIRECTORY, 4), ("NIXOS      ", DIRECTORY, 5), ("SHELL   EFI", FILE, 9)]);
        let with = |name: &str| found(&esp(&[(2, &[("UV-ESP     ", 8, 0), (name, DIRECTORY, 3)]), efi, boot, nixos]));
        assert_eq!(with("EFI        "), ["EFI/BOOT/BOOTX64.EFI", "EFI/NIXOS/KERNEL~1.EFI", "EFI/SHELL.EFI"]);
        assert!(with("EFI     NEW").is_empty());
        assert!(with("\u{5}FI        ").is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_not_there() {
        assert!(found(&[0; 512]).is_empty());
        let mut disk = esp(&[(2, &[("EFI        ", DIRECTORY, 3)]), (3, &[("EFI        ", DIRECTORY, 3)])]);
        // A directory in itself, and a chain that leads back.
        disk[512 + 12..][..4].copy_from_slice(&[3, 0, 0, 0]);
        assert!(found(&disk).is_empty());
        disk[510] = 0;
        assert!(found(&disk).is_empty());
    }

    /// A file system of 512-byte clusters whose root directory lies before them, one sector long; `EFI` has two clusters, 5 and 2.
    fn older(clusters: u16, table_sectors: u8, chain: &[(usize, u16)]) -> Vec<u8> {
        let mut disk = vec![0; (3 + usize::from(table_sectors) + 64) * 512];
        disk[510..512].copy_from_slice(&[0x55, 0xaa]);
        for (at, value) in [(12, 2), (13, 1), (14, 1), (16, 1), (17, 16), (22, table_sectors)] {
            disk[at] = value;
        }
        disk[19..21].copy_from_slice(&(clusters + 2 + u16::from(table_sectors)).to_le_bytes());
        for (at, value) in chain {
            disk[512 + at..][..2].copy_from_slice(&value.to_le_bytes());
        }
        let root = (1 + usize::from(table_sectors)) * 512;
        let mut put = |at: usize, name: &str, kind: u8, first: u8| {
            disk[at..][..11].copy_from_slice(name.as_bytes());
            (disk[at + 11], disk[at + 26]) = (kind, first);
        };
        put(root, "EFI        ", DIRECTORY, 5);
        // Full, so that it goes on in the second.
        (0..16).for_each(|index| put(root + 512 * 4 + index * ENTRY, "README  TXT", FILE, 9));
        put(root + 512, "SHELL   EFI", FILE, 9);
        disk
    }

    #[test]
    fn older_kinds_of_fat_are_read_along_their_chains() {
        assert_eq!(found(&older(4000, 12, &[(7, 0x0020), (3, 0x0fff)])), ["EFI/SHELL.EFI"]);
        assert!(found(&older(4000, 12, &[(7, 0xfff0)])).is_empty());
        assert_eq!(found(&older(5000, 20, &[(10, 2), (4, 0xffff)])), ["EFI/SHELL.EFI"]);
        assert!(found(&older(5000, 20, &[(10, 0xffff)])).is_empty());
    }

    #[test]
    fn a_bios_starts_code_at_the_start_of_a_disk_and_nowhere_else() {
        let found = |disk: &[u8], start| {
            let read = |at: u64, buffer: &mut [u8]| {
                buffer.copy_from_slice(&disk[at as usize..][..buffer.len()]);
                Ok(())
            };
            finds(&read, start).unwrap()
        };
        let mut disk = vec![0; 4096];
        // A table without code is none.
        (disk[450], disk[510], disk[511]) = (0xee, 0x55, 0xaa);
        assert!(!found(&disk, 0));
        disk[0] = 0xeb;
        assert!(found(&disk, 0) && !found(&disk, 1 << 20));
        disk[511] = 0;
        assert!(!found(&disk, 0));
    }
}
