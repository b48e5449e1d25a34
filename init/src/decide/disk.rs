//! What is known of one disk. Filled in by `look`, judged by `choice`.

use std::fmt;

use crate::facts::guid;
use crate::facts::table::Table;

/// How many disks fit in the table; the machine is refused, not truncated, when it has more.
pub const MAX_DISKS: usize = 64;

/// All disks of the machine, in the kernel's order of names.
pub type Disks = heapless::Vec<Disk, MAX_DISKS>;

/// How a disk is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// An NVMe namespace.
    Nvme,
    /// An ATA disk.
    Ata,
    /// Behind USB: a stick, an enclosure, a card reader.
    Usb,
    /// An SD card or eMMC.
    Mmc,
    /// virtio-blk or virtio-scsi.
    Virtio,
    /// Something else.
    #[default]
    Other,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Nvme => "nvme",
            Transport::Ata => "sata",
            Transport::Usb => "usb",
            Transport::Mmc => "mmc",
            Transport::Virtio => "virtio",
            Transport::Other => "other",
        })
    }
}

/// One whole disk, as sysfs and the kernel describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Kernel name, such as `nvme0n1`.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Logical sector size in bytes.
    pub sector: u64,
    /// Vendor, trimmed; may be empty.
    pub vendor: String,
    /// Model, trimmed; may be empty.
    pub model: String,
    /// Serial number, trimmed; may be empty.
    pub serial: String,
    /// World wide name as sysfs spells it (`eui.…`, `naa.…`); may be empty.
    pub wwn: String,
    /// How it is attached.
    pub transport: Transport,
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
    pub contents: Vec<String>,
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
        let windows = self.contents.iter().any(|hint| hint.starts_with("NTFS") || hint.starts_with("BitLocker"));
        let system = if windows { "Windows, " } else { "" };
        if self.contents.is_empty() { format!("{system}{table}") } else { format!("{system}{table}: {}", self.contents.join(", ")) }
    }

    /// Whether a label of ours is on it, as a name in its table or in a superblock.
    pub fn carries(&self, label: &str) -> bool {
        let named = self.table.partitions().iter().any(|partition| partition.name == label);
        named || self.contents.iter().any(|hint| hint.split_once(' ').is_some_and(|(_, found)| found == label))
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
        let with = |table: Table, contents: &[&str]| {
            let contents = contents.iter().map(|hint| (*hint).to_string()).collect();
            Disk { table, contents, ..Disk::default() }
        };
        let gpt = || Table::Gpt(Gpt { disk: Guid::default(), partitions: Vec::new(), whole: true });
        assert_eq!(with(Table::None, &[]).summary(), "nothing recognised");
        assert_eq!(with(Table::None, &["LUKS"]).summary(), "no partition table: LUKS");
        assert_eq!(with(gpt(), &["FAT SYSTEM", "NTFS", "BitLocker"]).summary(), "Windows, GPT: FAT SYSTEM, NTFS, BitLocker");
        assert_eq!(with(Table::Damaged, &[]).summary(), "damaged GPT");
        assert!(with(gpt(), &["ext4 UV-ROOT"]).carries("UV-ROOT") && !with(gpt(), &["ext4 UV-ROOT"]).carries("UV-ESP"));
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
        let nameless = Disk { name: "sdb".into(), bytes: 1 << 30, ..Disk::default() };
        assert_eq!(nameless.to_string(), "sdb (unknown model, serial unknown, 1.0 GiB, other)");
    }
}
