//! What firmware could start from an ESP: every `.EFI` file below its directory `EFI`, which is more than it looks for.
//!
//! A reading of FAT32 of our own (Microsoft's specification, UEFI 2.10 section 13.3), since thousands of disks are looked at: whether
//! what it finds would boot is for others to say. Only short names are read. What cannot be read is not there.

use anyhow::Result;

/// Deeper than `EFI/BOOT/BOOTX64.EFI` nothing is looked for.
const DEPTH: usize = 3;
/// Bytes of an entry.
const ENTRY: usize = 32;
/// A directory as long as that is damaged.
const MOST_CLUSTERS: usize = 256;

/// Reads bytes of the ESP, counted from its start.
pub type Read<'a> = dyn Fn(u64, &mut [u8]) -> Result<()> + 'a;

/// The loaders, as paths.
pub fn loaders(read: &Read) -> Result<Vec<String>> {
    let Some(fat) = Fat::open(read)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in fat.directory(fat.root)?.iter().filter(|entry| entry.is_directory && entry.name == "EFI") {
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
    root: u32,
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
        let (sector, per_cluster, tables, table_sectors) = (short(11), u64::from(boot[13]), u64::from(boot[16]), long(36));
        let good = boot[510..] == [0x55, 0xaa] && sector.is_power_of_two() && sector >= 512 && per_cluster > 0 && table_sectors > 0;
        let table = short(14) * sector;
        Ok(good.then(|| Fat {
            read,
            table,
            data: table + tables * table_sectors * sector,
            cluster: per_cluster * sector,
            last: (table_sectors * sector / 4) as u32,
            root: long(44) as u32,
        }))
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
            for entry in bytes.chunks_exact(ENTRY) {
                match entry[0] {
                    0 => return Ok(entries),
                    0xe5 => {}
                    // Long names have all four of these attributes, and a label has this one.
                    _ if entry[11] & 0x08 != 0 => {}
                    _ => entries.push(Entry::read(entry)),
                }
            }
            let mut next = [0; 4];
            (self.read)(self.table + u64::from(cluster) * 4, &mut next)?;
            cluster = u32::from_le_bytes(next) & 0x0fff_ffff;
        }
        Ok(entries)
    }
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
}
