//! What lies on the disks: tables written by the `gpt` crate, which shares no code with the reader under test, damage, and superblocks.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;
use gpt::mbr::ProtectiveMBR;
use gpt::partition::Partition;
use init::facts::guid::Guid;

use super::text::{Line, bytes};

/// Identity of the image that the machine was booted from.
pub const IMAGE: &str = "0a0b0c0d-1111-4222-8333-444455556666";
/// Bytes of the image.
const IMAGE_BYTES: u64 = 700 << 20;

/// Bytes that all partitions of a table get.
const PARTITION: u64 = 2 << 20;

/// The GUID of something with a name: of a disk, or of a partition.
pub fn guid_of(name: &str) -> Guid {
    // FNV-1a
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut bytes = [0x40; 16];
    bytes[..8].copy_from_slice(&hash.to_le_bytes());
    Guid(bytes)
}

/// Lays out `gpt KIND[/PARTLABEL][=FS[:LABEL]]… [like=DISK] [of=SIZE]` and returns the numbers of the partitions.
pub fn gpt(device: &File, disk: &str, sector: u64, line: &Line) -> usize {
    let like = line.value("like").unwrap_or(disk);
    let parts: Vec<(&str, &str)> =
        line.words.iter().map(|word| word.split_once(':').map_or((word.as_str(), ""), |(part, fs)| (part, fs))).collect();
    let names: Vec<(&str, &str)> = parts.iter().map(|(part, _)| part.split_once('/').unwrap_or((part, ""))).collect();
    let length = device.metadata().unwrap().len();
    device.set_len(line.value("of").map_or(length, bytes)).unwrap();
    write_gpt(device, sector, &guid_of(like).to_string(), like, &names);
    device.set_len(length).unwrap();
    for (index, (_, fs)) in parts.iter().enumerate().filter(|(_, (_, fs))| !fs.is_empty()) {
        filesystem(device, PARTITION * (index as u64 + 1), fs);
    }
    parts.len()
}

/// Lays out our image, 512 bytes a sector whatever the device has, as `dd` does: its backup table is not at the end of the disk.
pub fn image(device: &File) -> usize {
    let length = device.metadata().unwrap().len();
    device.set_len(IMAGE_BYTES).unwrap();
    let parts = [("basic", "Gap"), ("esp", "AI-BOOT"), ("basic", "AI-KIT"), ("linux", "AI-STAGE2"), ("linux", "AI-CLOSURE")];
    write_gpt(device, 512, IMAGE, "image", &parts);
    device.set_len(length).unwrap();
    device.write_all_at(b"CD001", 0x8001).unwrap();
    parts.len()
}

fn write_gpt(device: &File, sector: u64, guid: &str, seed: &str, parts: &[(&str, &str)]) {
    let lb = if sector == 4096 { LogicalBlockSize::Lb4096 } else { LogicalBlockSize::Lb512 };
    let blocks = device.metadata().unwrap().len() / sector;
    ProtectiveMBR::with_lb_size(u32::try_from(blocks - 1).unwrap_or(u32::MAX)).overwrite_lba0(&mut device.try_clone().unwrap()).unwrap();
    let config = GptConfig::new().writable(true).logical_block_size(lb);
    let mut table = config.create_from_device(device.try_clone().unwrap(), Some(guid.parse().unwrap())).unwrap();
    let mut entries = BTreeMap::new();
    for (number, (kind, name)) in (1..).zip(parts) {
        let mut entry = Partition::zero();
        entry.part_type_guid.guid = kind_guid(kind).parse().unwrap();
        let between = if seed.ends_with(|c: char| c.is_ascii_digit()) { "p" } else { "" };
        entry.part_guid = guid_of(&format!("{seed}{between}{number}")).to_string().parse().unwrap();
        entry.first_lba = PARTITION * u64::from(number) / sector;
        entry.last_lba = entry.first_lba + PARTITION / sector - 1;
        entry.name = (*name).into();
        entries.insert(number, entry);
    }
    table.update_partitions(entries).unwrap();
    table.write().unwrap();
}

/// Types of partitions, as the specifications of those who use them give them.
fn kind_guid(kind: &str) -> &'static str {
    match kind {
        "esp" => "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
        "msr" => "e3c9e316-0b5c-4db8-817d-f92df00215ae",
        "basic" => "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7",
        "recovery" => "de94bba4-06d1-4d40-a16a-bfd50179d6ac",
        "linux" => "0fc63daf-8483-4772-8e79-3d69d8477de4",
        "swap" => "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f",
        "lvm" => "e6d6d379-f507-44c2-a23c-238f2a3df928",
        "raid" => "a19d880f-05fc-4d3b-a006-743f0f84911e",
        "zfs" => "6a898cc3-1dd2-11b2-99a6-080020736631",
        "bios" => "21686148-6449-6e6f-744e-656564454649",
        "apple" => "7c3457ef-0000-11aa-aa11-00306543ecac",
        _ => panic!("`{kind}` is no type of partition"),
    }
}

/// Writes `mbr KIND…` with hexadecimal types, and returns how many.
pub fn mbr(device: &File, line: &Line) -> usize {
    for (index, word) in line.words.iter().enumerate() {
        let mut record = [0; 16];
        record[4] = u8::from_str_radix(word, 16).unwrap();
        record[8..12].copy_from_slice(&(2048 * (index as u32 + 1)).to_le_bytes());
        record[12..].copy_from_slice(&2048u32.to_le_bytes());
        device.write_all_at(&record, 446 + 16 * index as u64).unwrap();
    }
    device.write_all_at(&[0x55, 0xaa], 510).unwrap();
    line.words.len()
}

/// Damages a table: `damage primary|backup|protection|hybrid…`.
pub fn damage(device: &File, sector: u64, line: &Line) {
    let last = device.metadata().unwrap().len() / sector * sector - sector;
    for word in &line.words {
        match word.as_str() {
            "primary" => device.write_all_at(b"?", sector + 60).unwrap(),
            "backup" => device.write_all_at(b"?", last + 60).unwrap(),
            "entries" => device.write_all_at(b"?", 2 * sector + 56).unwrap(),
            "protection" => device.write_all_at(&[0; 66], 446).unwrap(),
            "hybrid" => device.write_all_at(&[0x83], 446 + 16 + 4).unwrap(),
            "cut" => device.set_len(last - (1 << 20)).unwrap(),
            _ => panic!("`{word}` is no damage"),
        }
    }
}

/// Writes what a file system, a volume manager or an encryption leaves for others to recognise it by: `FS[:LABEL]` at this byte.
pub fn filesystem(device: &File, at: u64, text: &str) {
    let (kind, label) = text.split_once(':').unwrap_or((text, ""));
    let (magics, label_at): (&[(u64, &[u8])], u64) = match kind {
        "vfat" => (&[(82, b"FAT32   "), (510, b"\x55\xaa")], 71),
        "ntfs" => (&[(3, b"NTFS    ")], 0),
        "bitlocker" => (&[(3, b"-FVE-FS-")], 0),
        "exfat" => (&[(3, b"EXFAT   ")], 0),
        "ext4" => (&[(0x438, b"\x53\xef"), (0x460, b"\x40")], 0x478),
        "btrfs" => (&[(0x1_0040, b"_BHRfS_M")], 0x1_012b),
        "xfs" => (&[(0, b"XFSB")], 108),
        "swap" => (&[(4086, b"SWAPSPACE2")], 1052),
        "luks" => (&[(0, b"LUKS\xba\xbe\0\x02")], 0),
        "lvm" => (&[(0x218, b"LVM2 001")], 0),
        "raid" => (&[(4096, b"\xfc\x4e\x2b\xa9\x01\0\0\0")], 4096 + 32),
        // Metadata of Intel's RAID are in the last but one sector.
        "intel-raid" => return device.write_all_at(b"Intel Raid ISM Cfg Sig. ", device.metadata().unwrap().len() - 1024).unwrap(),
        "zfs" => (&[(0x2_0400, b"\x0c\xb1\xba\0\0\0\0\0")], 0),
        "iso9660" => (&[(0x8001, b"CD001")], 0),
        _ => panic!("`{kind}` is no file system"),
    };
    magics.iter().for_each(|(offset, magic)| device.write_all_at(magic, at + offset).unwrap());
    if !label.is_empty() {
        device.write_all_at(label.as_bytes(), at + label_at).unwrap();
    }
}
