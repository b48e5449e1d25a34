//! What lies on a partition or a whole disk, by the magic numbers of superblocks. A hint for the person who has to recognise a disk, and
//! nothing that a decision may rest on.

use super::bytes::{u16_at, u32_at};

/// How many bytes from the start the hints are in.
pub const REACH: usize = 256 << 10;

/// A magic number: where, what, and what it means.
type Magic = (usize, &'static [u8], &'static str);

/// The specific before the general: BitLocker and NTFS have a FAT-like boot sector, LVM and LUKS may hold remains of others.
const MAGICS: [Magic; 22] = [
    (0, b"LUKS\xba\xbe", "LUKS"),
    (3, b"-FVE-FS-", "BitLocker"),
    (3, b"NTFS    ", "NTFS"),
    (3, b"EXFAT   ", "exFAT"),
    (0x218, b"LVM2 001", "LVM"),
    (0x18, b"LVM2 001", "LVM"),
    (0, b"XFSB", "XFS"),
    (0x1_0040, b"_BHRfS_M", "btrfs"),
    (0x400, b"\x10\x20\xf5\xf2", "F2FS"),
    (4096 + 24, b"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef", "bcachefs"),
    (4096 + 24, b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81", "bcache"),
    (4086, b"SWAPSPACE2", "swap"),
    (4086, b"SWAP-SPACE", "swap"),
    (4096, b"\xfc\x4e\x2b\xa9", "RAID"),
    (0, b"\xfc\x4e\x2b\xa9", "RAID"),
    (0x8001, b"CD001", "ISO 9660"),
    (0, b"hsqs", "squashfs"),
    (1024, b"\xe2\xe1\xf5\xe0", "EROFS"),
    (0x438, b"\x53\xef", "ext"),
    (82, b"FAT32   ", "FAT"),
    (54, b"FAT16   ", "FAT"),
    (54, b"FAT12   ", "FAT"),
];

/// What the first bytes are, with the label where there is one, such as `ext4 UV-ROOT`; `None` when they say nothing.
pub fn hint(bytes: &[u8]) -> Option<String> {
    let found = MAGICS.iter().find(|(at, magic, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    let (kind, label) = match found {
        Some((_, _, "ext")) => (ext(bytes), text(bytes, 0x478, 16)),
        Some((82, _, kind)) => (*kind, text(bytes, 71, 11)),
        Some((54, _, kind)) => (*kind, text(bytes, 43, 11)),
        Some((_, _, kind @ "XFS")) => (*kind, text(bytes, 108, 12)),
        Some((_, _, kind @ "btrfs")) => (*kind, text(bytes, 0x1_012b, 256)),
        Some((_, _, kind @ "swap")) => (*kind, text(bytes, 1052, 16)),
        Some((_, _, kind)) => (*kind, String::new()),
        None => (zfs(bytes)?, String::new()),
    };
    Some(if label.is_empty() || label == "NO NAME" { kind.into() } else { format!("{kind} {label}") })
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

/// ZFS has no superblock: any of the uberblocks in the second half of the first label will do.
fn zfs(bytes: &[u8]) -> Option<&'static str> {
    const UBERBLOCK: u16 = 0xb10c;
    let label = bytes.len().min(256 << 10);
    let good = |at: usize| u16_at(bytes, at) == Some(UBERBLOCK) && u32_at(bytes, at) == Some(0x00ba_b10c);
    (0x2_0000..label).step_by(1024).any(good).then_some("ZFS")
}

/// Printable ASCII up to a zero, without padding; anything else is left out, for it goes to a terminal.
fn text(bytes: &[u8], at: usize, length: usize) -> String {
    let raw = bytes.get(at..).unwrap_or_default();
    let raw = raw.iter().take(length).take_while(|b| **b != 0).filter(|b| (b' '..=b'~').contains(*b));
    raw.map(|b| char::from(*b)).collect::<String>().trim().into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bytes with something at a place.
    pub fn with(parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; REACH];
        for (at, part) in parts {
            bytes[*at..*at + part.len()].copy_from_slice(part);
        }
        bytes
    }

    #[test]
    fn every_magic_is_recognised() {
        for (at, magic, kind) in MAGICS {
            let found = hint(&with(&[(at, magic)])).unwrap();
            assert!(found.starts_with(kind), "{kind}: {found}");
        }
        assert_eq!(hint(&with(&[(0x2_0400, &[0x0c, 0xb1, 0xba, 0])])).as_deref(), Some("ZFS"));
    }

    #[test]
    fn labels_and_generations() {
        let ext4 = with(&[(0x438, b"\x53\xef"), (0x460, &[0x40]), (0x478, b"UV-ROOT\0junk")]);
        assert_eq!(hint(&ext4).as_deref(), Some("ext4 UV-ROOT"));
        let ext3 = with(&[(0x438, b"\x53\xef"), (0x45c, &[4])]);
        assert_eq!(hint(&ext3).as_deref(), Some("ext3"));
        let fat = with(&[(82, b"FAT32   "), (71, b"UV-ESP     ")]);
        assert_eq!(hint(&fat).as_deref(), Some("FAT UV-ESP"));
        let unnamed = with(&[(82, b"FAT32   "), (71, b"NO NAME    ")]);
        assert_eq!(hint(&unnamed).as_deref(), Some("FAT"));
    }

    #[test]
    fn nothing_is_nothing_and_escapes_do_not_reach_the_terminal() {
        assert_eq!(hint(&[0; 4096]), None);
        assert_eq!(hint(&[]), None);
        let evil = with(&[(0x438, b"\x53\xef"), (0x478, b"\x1b[2Jx")]);
        assert_eq!(hint(&evil).as_deref(), Some("ext2 [2Jx"));
    }
}
