use super::*;

/// Bytes with something at a place.
pub fn with(length: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (at, part) in parts {
        bytes[*at..*at + part.len()].copy_from_slice(part);
    }
    bytes
}

/// What is recognised on a partition with these bytes.
pub fn seen(bytes: &[u8]) -> Vec<String> {
    let read = |at: u64, length: usize| bytes.get(at as usize..(at as usize).checked_add(length)?).map(<[u8]>::to_vec);
    hints(&read, bytes.len() as u64).iter().map(Hint::to_string).collect()
}

const MIB: usize = 1 << 20;

/// An NTFS with its label.
pub fn ntfs() -> Vec<u8> {
    let mut bytes = with(MIB, &[(3, b"NTFS    "), (11, &[0, 2, 8]), (48, &[4]), (64, &[0xf6])]);
    let record = 4 * 4096 + 3 * 1024;
    let parts: [(usize, &[u8]); 5] = [
        (0, b"FILE"),
        (20, &[56]),
        (56, &[0x10, 0, 0, 0, 0x48]),
        (128, &[0x60, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 24]),
        (128 + 24, b"O\0S\0"),
    ];
    for (at, part) in parts {
        bytes[record + at..record + at + part.len()].copy_from_slice(part);
    }
    bytes
}

/// An exFAT with its label.
pub fn exfat() -> Vec<u8> {
    let geometry = [9, 3];
    let root = (128 + 2 * 8) * 512;
    with(MIB, &[(3, b"EXFAT   "), (88, &[128]), (96, &[4]), (108, &geometry), (root + 32, b"\x83\x02D\0\xe9\0")])
}

#[test]
fn every_magic_is_recognised_at_its_end() {
    for (at, magic, kind, _) in front::MAGICS {
        let found = hint(&with(front::REACH, &[(at, magic)])).unwrap();
        assert!(found.kind.starts_with(kind), "{kind}: {found}");
        assert_eq!(seen(&with(MIB, &[(at, magic)])).len(), 1, "{kind}");
    }
    for (unit, back, magic, kind, _) in end::MAGICS {
        // A size that is no multiple of the unit.
        let length = MIB + if unit == 512 { 0 } else { 3584 };
        let at = length / unit as usize * unit as usize - back as usize;
        assert_eq!(seen(&with(length, &[(at, magic)])), [kind]);
    }
    let uberblock: &[u8] = &[0x0c, 0xb1, 0xba, 0];
    assert_eq!(seen(&with(MIB, &[(0x2_0400, uberblock)])), ["ZFS"]);
    assert_eq!(seen(&with(MIB + 4096, &[(MIB - (128 << 10) + 2048, uberblock)])), ["ZFS"]);
}

#[test]
fn labels_and_generations() {
    for (parts, expected) in [
        (&[(0x438, &b"\x53\xef"[..]), (0x460, &[0x40]), (0x478, b"UV-ROOT\0junk")][..], "ext4 UV-ROOT"),
        (&[(0x438, b"\x53\xef"), (0x45c, &[4])], "ext3"),
        (&[(82, b"FAT32   "), (71, b"UV-ESP     ")], "FAT UV-ESP"),
        (&[(82, b"FAT32   "), (71, b"NO NAME    ")], "FAT"),
        (&[(0, b"LUKS\xba\xbe\0\x02"), (24, b"vault")], "LUKS vault"),
        (&[(0, b"LUKS\xba\xbe\0\x01"), (24, b"aes")], "LUKS"),
        (&[(0x400, b"\x10\x20\xf5\xf2"), (0x47c, b"F\0\xe9\x00S\0")], "F2FS F?S"),
        (&[(4096, b"\xfc\x4e\x2b\xa9\x01\0\0\0"), (4096 + 32, b"host:data")], "RAID host:data"),
        (&[(0x8001, b"CD001"), (0x8028, b"AUTOINSTALLER   ")], "ISO 9660 AUTOINSTALLER"),
        (&[(1024, b"\xe2\xe1\xf5\xe0"), (1024 + 64, b"ero")], "EROFS ero"),
        (&[(MIB - 8192, b"\xfc\x4e\x2b\xa9\x01\0\0\0"), (MIB - 8192 + 32, b"host:1")], "RAID host:1"),
    ] {
        assert_eq!(seen(&with(MIB, parts)), [expected]);
    }
    assert_eq!(seen(&ntfs()), ["NTFS OS"]);
    assert_eq!(seen(&exfat()), ["exFAT D?"]);
}

#[test]
fn a_member_of_a_mirror_is_named_before_what_it_seems_to_hold() {
    let member = with(MIB, &[(MIB - (64 << 10), b"\xfc\x4e\x2b\xa9\0\0\0\0"), (0x438, b"\x53\xef"), (0x478, b"UV-ROOT")]);
    assert_eq!(seen(&member), ["RAID", "ext2 UV-ROOT"]);
    let zfs: &[u8] = &[0x0c, 0xb1, 0xba, 0];
    assert_eq!(seen(&with(MIB, &[(0x2_0400, zfs), (MIB - (128 << 10), zfs)])), ["ZFS"]);
}

#[test]
fn nothing_is_nothing_and_escapes_do_not_reach_the_terminal() {
    assert!(seen(&[]).is_empty() && seen(&[0; 4096]).is_empty());
    assert_eq!(seen(&with(MIB, &[(0x438, b"\x53\xef"), (0x478, b"\x1b[2Jx")])), ["ext2 [2Jx"]);
}

#[test]
fn labels_that_lead_astray_are_none() {
    let mut endless = ntfs();
    endless[4 * 4096 + 3 * 1024 + 60] = 0;
    assert_eq!(seen(&endless), ["NTFS"]);
    let mut outside = exfat();
    outside[108] = 63;
    assert_eq!(seen(&outside), ["exFAT"]);
}
