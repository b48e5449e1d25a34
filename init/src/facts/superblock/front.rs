//! Superblocks near the beginning.

use super::{Hint, Label, has_uberblock};
use crate::facts::bytes::{Read, u32_at};

/// How many bytes from the start the magic numbers are in.
pub const REACH: usize = 256 << 10;

/// A magic number: where, what, what it means, and where the label is.
type Magic = (usize, &'static [u8], &'static str, Label);

/// The specific before the general: BitLocker and NTFS have a FAT-like boot sector, LVM and LUKS may hold remains of others.
pub(super) const MAGICS: [Magic; 31] = [
    (0, b"LUKS\xba\xbe\0\x02", "LUKS", Label::Ascii(24, 48)),
    (0, b"LUKS\xba\xbe", "LUKS", Label::None),
    (3, b"-FVE-FS-", "BitLocker", Label::None),
    (3, b"NTFS    ", "NTFS", Label::Ntfs),
    (3, b"EXFAT   ", "exFAT", Label::ExFat),
    (3, b"ReFS\0\0\0\0", "ReFS", Label::None),
    (0x18, b"LVM2 001", "LVM", Label::None),
    (0x218, b"LVM2 001", "LVM", Label::None),
    (0x418, b"LVM2 001", "LVM", Label::None),
    (0x618, b"LVM2 001", "LVM", Label::None),
    (0, b"XFSB", "XFS", Label::Ascii(108, 12)),
    (0x1_0040, b"_BHRfS_M", "btrfs", Label::Ascii(0x1_012b, 256)),
    (0x400, b"\x10\x20\xf5\xf2", "F2FS", Label::Utf16(0x47c, 512)),
    (4096 + 24, b"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef", "bcachefs", Label::Ascii(4096 + 72, 32)),
    (4096 + 24, b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81", "bcache", Label::None),
    (4086, b"SWAPSPACE2", "swap", Label::Ascii(1052, 16)),
    (4086, b"SWAP-SPACE", "swap", Label::None),
    (4096, b"\xfc\x4e\x2b\xa9\x01\0\0\0", "RAID", Label::Ascii(4096 + 32, 32)),
    (0, b"\xfc\x4e\x2b\xa9\x01\0\0\0", "RAID", Label::Ascii(32, 32)),
    (32, b"NXSB", "APFS", Label::None),
    (0x400, b"H+\0\x04", "HFS+", Label::None),
    (0x400, b"HX\0\x05", "HFS+", Label::None),
    (0x8000, b"JFS1", "JFS", Label::Ascii(0x8098, 16)),
    (0x8001, b"CD001", "ISO 9660", Label::Ascii(0x8028, 32)),
    (0, b"hsqs", "squashfs", Label::None),
    (1024, b"\xe2\xe1\xf5\xe0", "EROFS", Label::Ascii(1024 + 64, 16)),
    (0x438, b"\x53\xef", "ext", Label::Ascii(0x478, 16)),
    (82, b"FAT32   ", "FAT", Label::Ascii(71, 11)),
    (54, b"FAT16   ", "FAT", Label::Ascii(43, 11)),
    (54, b"FAT12   ", "FAT", Label::Ascii(43, 11)),
    // Made by some cameras and formatters, in place of the digits.
    (54, b"FAT     ", "FAT", Label::Ascii(43, 11)),
];

/// What the window at the beginning holds; `read` is for labels that lie elsewhere.
pub fn hint(window: &[u8], read: Read) -> Option<Hint> {
    let found = MAGICS.iter().find(|(at, magic, ..)| window.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    match found {
        Some((_, _, kind, label)) => Some(Hint::new(if *kind == "ext" { ext(window) } else { kind }, label.read(window, read))),
        None => window.get(128 << 10..).filter(|uberblocks| has_uberblock(uberblocks)).map(|_| Hint::new("ZFS", String::new())),
    }
}

/// The generation of an ext file system by its features (linux/fs/ext4/ext4.h).
fn ext(bytes: &[u8]) -> &'static str {
    const EXTENTS: u32 = 0x40;
    const JOURNAL: u32 = 0x4;
    let (compatible, incompatible) = (u32_at(bytes, 0x45c).unwrap_or(0), u32_at(bytes, 0x460).unwrap_or(0));
    match (incompatible & EXTENTS != 0, compatible & JOURNAL != 0) {
        (true, _) => "ext4",
        (_, true) => "ext3",
        _ => "ext2",
    }
}
