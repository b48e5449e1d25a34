//! What is known of one disk. Filled in by `look`, judged by `choice`.

use std::fmt;

use super::{Ids, Transport, by_id};
use crate::facts::guid;
use crate::facts::superblock::Hint;
use crate::facts::table::Table;

/// Most hints of a summary; a person recognises a disk by fewer.
const MOST_SHOWN: usize = 8;

/// How many disks fit in the table; the machine is refused, not truncated, when it has more.
pub const MAX_DISKS: usize = 64;

/// All disks of the machine, in the kernel's order of names.
pub type Disks = heapless::Vec<Disk, MAX_DISKS>;

/// One whole disk, as sysfs and the kernel describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Kernel name, such as `nvme0n1`.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Logical sector size in bytes.
    pub sector: u64,
    /// Physical sector size in bytes; 0 when the kernel does not tell.
    pub physical: u64,
    /// Optimal transfer size in bytes; 0 where it names none.
    pub optimal: u64,
    /// What the kernel does not tell of it although it must be known; what stands in its place means nothing then.
    pub untold: Option<&'static str>,
    /// The directory of its device in sysfs.
    pub path: String,
    /// Vendor, trimmed; may be empty.
    pub vendor: String,
    /// Model, trimmed; may be empty.
    pub model: String,
    /// Serial number, trimmed; may be empty.
    pub serial: String,
    /// World wide name as sysfs spells it (`eui.…`, `naa.…`); may be empty.
    pub wwn: String,
    /// What else it calls itself.
    pub ids: Ids,
    /// How it is attached.
    pub transport: Transport,
    /// It has platters that turn.
    pub rotational: bool,
    /// The kernel calls the medium removable.
    pub removable: bool,
    /// The kernel refuses writes.
    pub read_only: bool,
    /// An SD card, as against eMMC.
    pub sd_card: bool,
    /// CD, DVD or the like (SCSI peripheral type 5).
    pub optical: bool,
    /// Sequence number of this very attachment; never used twice while the kernel runs.
    pub diskseq: u64,
    /// It carries the image we booted from.
    pub ours: bool,
    /// Names of its partitions, as the kernel sees them.
    pub partitions: Vec<String>,
    /// Its partition table, read by ourselves.
    pub table: Table,
    /// What lies on its partitions, or on the whole disk when there are none: hints for a person.
    pub contents: Vec<Hint>,
}

impl Disk {
    /// Whether it has an EFI system partition.
    pub fn has_esp(&self) -> bool {
        self.table.partitions().iter().any(|partition| partition.kind == guid::ESP)
    }

    /// What is on it now, in a few words.
    pub fn summary(&self) -> String {
        let table = match &self.table {
            Table::None if self.contents.is_empty() => return "nothing recognised".into(),
            Table::None => "no partition table",
            Table::Mbr(_) => "MBR",
            Table::Gpt(gpt) if gpt.whole => "GPT",
            Table::Gpt(_) => "GPT with one bad header",
            Table::Damaged => "damaged GPT",
            Table::Unreadable => return "it cannot be read".into(),
        };
        let windows = self.contents.iter().any(|hint| matches!(hint.kind, "NTFS" | "BitLocker"));
        let system = if windows { "Windows, " } else { "" };
        let shown: Vec<String> = self.contents.iter().take(MOST_SHOWN).map(Hint::to_string).collect();
        match (shown.as_slice(), self.contents.len().saturating_sub(MOST_SHOWN)) {
            ([], _) => format!("{system}{table}"),
            (shown, 0) => format!("{system}{table}: {}", shown.join(", ")),
            (shown, more) => format!("{system}{table}: {} and {more} more", shown.join(", ")),
        }
    }

    /// What the log keeps of it, so that a person can look up by which names it can be named.
    pub fn particulars(&self) -> String {
        let sectors = format!("sectors of {} bytes, physically {}", self.sector, self.physical);
        let turning = if self.rotational { "turning" } else { "not turning" };
        let names = by_id::names(self).join(" ");
        let wwn = if self.wwn.is_empty() { "unknown" } else { &self.wwn };
        format!("{self}: {sectors}, {turning}, sequence number {}, WWN {wwn}, at {}, also named {names}", self.diskseq, self.path)
    }

    /// Whether a label of ours is on it, as a name in its table or in a superblock.
    pub fn carries(&self, label: &str) -> bool {
        let named = self.table.partitions().iter().any(|partition| partition.name == label);
        named || self.contents.iter().any(|hint| hint.label == label)
    }

    /// The device node.
    pub fn node(&self) -> String {
        format!("/dev/{}", self.name)
    }

    /// Kernel name of its n-th partition: a `p` goes between when the name ends with a digit.
    pub fn partition(&self, number: u32) -> String {
        let between = if self.name.ends_with(|c: char| c.is_ascii_digit()) { "p" } else { "" };
        format!("{}{between}{number}", self.name)
    }
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &str, none: &'static str| if text.is_empty() { none.to_string() } else { text.to_string() };
        let (model, serial) = (or(&self.model, "unknown model"), or(&self.serial, "unknown"));
        write!(f, "{} ({model}, serial {serial}, {}, {})", self.name, super::human(self.bytes), self.transport)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::guid::Guid;
    use crate::facts::table::Gpt;

    #[test]
    fn partitions_are_named_as_the_kernel_does() {
        let named = |name: &str| Disk { name: name.into(), ..Disk::default() };
        assert_eq!(named("nvme0n1").partition(1), "nvme0n1p1");
        assert_eq!(named("sda").partition(2), "sda2");
        assert_eq!(named("mmcblk0").partition(3), "mmcblk0p3");
    }

    #[test]
    fn what_is_on_it_in_a_few_words() {
        let with = |table: Table, contents: &[(&'static str, &str)]| {
            let contents = contents.iter().map(|(kind, label)| Hint { kind, label: (*label).into() }).collect();
            Disk { table, contents, ..Disk::default() }
        };
        let gpt = || Table::Gpt(Gpt { disk: Guid::default(), partitions: Vec::new(), whole: true });
        assert_eq!(with(Table::None, &[]).summary(), "nothing recognised");
        assert_eq!(with(Table::None, &[("LUKS", "")]).summary(), "no partition table: LUKS");
        assert_eq!(
            with(gpt(), &[("FAT", "SYSTEM"), ("NTFS", "OS"), ("BitLocker", "")]).summary(),
            "Windows, GPT: FAT SYSTEM, NTFS OS, BitLocker"
        );
        assert_eq!(with(Table::Damaged, &[]).summary(), "damaged GPT");
        let many = [("ext4", ""); 11];
        assert_eq!(with(gpt(), &many).summary(), "GPT: ext4, ext4, ext4, ext4, ext4, ext4, ext4, ext4 and 3 more");
    }

    #[test]
    fn labels_are_found_behind_what_is_shown() {
        let hint = |kind, label: &str| Hint { kind, label: label.into() };
        let mut contents = vec![hint("ISO 9660", ""); 20];
        contents.push(hint("ext4", "UV-ROOT"));
        let disk = Disk { contents, ..Disk::default() };
        assert!(disk.carries("UV-ROOT") && !disk.carries("UV-ESP") && !disk.carries("9660"));
    }

    #[test]
    fn a_disk_says_what_a_person_recognises_it_by() {
        let disk = Disk {
            name: "nvme0n1".into(),
            bytes: 16 << 30,
            model: "QEMU NVMe Ctrl".into(),
            serial: "UV0001".into(),
            transport: Transport::Nvme,
            ..Disk::default()
        };
        assert_eq!(disk.to_string(), "nvme0n1 (QEMU NVMe Ctrl, serial UV0001, 16.0 GiB, nvme)");
        let particulars = Disk { sector: 512, physical: 4096, diskseq: 9, path: "devices/x".into(), ..disk }.particulars();
        assert_eq!(
            particulars,
            "nvme0n1 (QEMU NVMe Ctrl, serial UV0001, 16.0 GiB, nvme): sectors of 512 bytes, physically 4096, not turning, sequence number 9, \
             WWN unknown, at devices/x, also named nvme-QEMU_NVMe_Ctrl_UV0001"
        );
        let nameless = Disk { name: "sdb".into(), bytes: 1 << 30, ..Disk::default() };
        assert_eq!(nameless.to_string(), "sdb (unknown model, serial unknown, 1.0 GiB, other)");
    }
}
