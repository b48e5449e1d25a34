//! What earlier systems leave in a partition or on a disk: superblocks as their own tools write them, as far as anybody recognises
//! them by. Pure: bytes and where they belong.
//!
//! libblkid believes all of them: the unit test asks it, and so does every row before its machine starts.

/// The kind of remains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// A physical volume of LVM2.
    Lvm,
    /// A member of an array, superblock of version 0.90: near the end.
    Md090,
    /// Version 1.0: at the end.
    Md10,
    /// Version 1.1: at the start.
    Md11,
    /// Version 1.2: 4 KiB from the start.
    Md12,
    /// A container of LUKS1.
    Luks1,
    /// A container of LUKS2, with its second header.
    Luks2,
    /// A device of a ZFS pool: two labels at either end.
    Zfs,
    /// A device of a btrfs of two, with its number.
    Btrfs(u8),
    /// A backing device of bcache.
    Bcache,
    /// A swap area, which the kernel takes.
    Swap,
}

const KIB: u64 = 1024;
/// The first two lie here, the others 4 KiB behind. Wherever an identifier is wanted: 16 bytes that are not zero.
const ID: [u8; 16] = *b"remains-of-16-by";
const MD_MAGIC: u32 = 0xa92b_4efc;

impl Old {
    /// What libblkid calls it.
    pub fn name(self) -> &'static str {
        match self {
            Old::Lvm => "LVM2_member",
            Old::Md090 | Old::Md10 | Old::Md11 | Old::Md12 => "linux_raid_member",
            Old::Luks1 | Old::Luks2 => "crypto_LUKS",
            Old::Zfs => "zfs_member",
            Old::Btrfs(_) => "btrfs",
            Old::Bcache => "bcache",
            Old::Swap => "swap",
        }
    }

    /// Where libblkid says that it stands, in a region of this size in bytes: mostly a magic number. In a pool it names any of many.
    pub fn stands_at(self, size: u64) -> Option<u64> {
        Some(match self {
            Old::Lvm => 512 + 24,
            Old::Md090 => size - 64 * KIB,
            Old::Md10 => size - 8 * KIB,
            Old::Md11 | Old::Luks1 | Old::Luks2 => 0,
            Old::Md12 => 4 * KIB,
            Old::Zfs => return None,
            Old::Btrfs(_) => 64 * KIB + 64,
            Old::Bcache => 4 * KIB + 24,
            Old::Swap => 4086,
        })
    }

    /// Offsets and bytes in a region of this size in bytes, a multiple of 1 MiB.
    pub fn pieces(self, size: u64) -> Vec<(u64, Vec<u8>)> {
        match self {
            Old::Lvm => vec![(512, lvm())],
            // In the last whole 64 KiB (linux/include/uapi/linux/raid/md_p.h).
            Old::Md090 => vec![(size - 64 * KIB, md090())],
            Old::Md10 => vec![(size - 8 * KIB, md1(size - 8 * KIB))],
            Old::Md11 => vec![(0, md1(0))],
            Old::Md12 => vec![(4 * KIB, md1(4 * KIB))],
            Old::Luks1 => vec![(0, luks(b"LUKS", 1, 0))],
            Old::Luks2 => vec![(0, luks(b"LUKS", 2, 0)), (16 * KIB, luks(b"SKUL", 2, 16 * KIB))],
            Old::Zfs => [0, 256 * KIB, size - 512 * KIB, size - 256 * KIB].map(|label| (label + 128 * KIB, zfs())).to_vec(),
            Old::Btrfs(number) => vec![(64 * KIB, btrfs(number, size))],
            Old::Bcache => vec![(4 * KIB, bcache())],
            Old::Swap => vec![(0, swap(size))],
        }
    }
}

fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// CRC over bytes with a reflected polynomial, without a final inversion.
fn crc(polynomial: u32, start: u32, bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(start, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 }))
}

/// A label in sector 1 (lvm2, `lib/label/label.h`).
fn lvm() -> Vec<u8> {
    let mut block = vec![0; 512];
    put(&mut block, 0, b"LABELONE");
    put(&mut block, 8, &1u64.to_le_bytes());
    put(&mut block, 20, &32u32.to_le_bytes());
    put(&mut block, 24, b"LVM2 001");
    put(&mut block, 32, b"AbCdEfGhIjKlMnOpQrStUvWxYz012345");
    let sum = crc(0xedb8_8320, 0xf597_a6cf, &block[20..]);
    put(&mut block, 16, &sum.to_le_bytes());
    block
}

fn md090() -> Vec<u8> {
    let mut block = vec![0; 4096];
    // Magic, version 0.90, first part of the identifier, two members of a mirror.
    for (word, value) in [(0, MD_MAGIC), (2, 90), (5, 0x5eed), (7, 1), (9, 2), (10, 2), (13, 0x5eed)] {
        put(&mut block, word * 4, &u32::to_le_bytes(value));
    }
    let sum = block.chunks_exact(4).fold(0u32, |sum, word| sum.wrapping_add(u32::from_le_bytes([word[0], word[1], word[2], word[3]])));
    put(&mut block, 38 * 4, &sum.to_le_bytes());
    block
}

/// `struct mdp_superblock_1` for two members, at this offset.
fn md1(at: u64) -> Vec<u8> {
    let mut block = vec![0; 4096];
    put(&mut block, 0, &MD_MAGIC.to_le_bytes());
    put(&mut block, 4, &1u32.to_le_bytes());
    put(&mut block, 16, &ID);
    put(&mut block, 32, b"old:array");
    put(&mut block, 72, &1u32.to_le_bytes());
    put(&mut block, 92, &2u32.to_le_bytes());
    put(&mut block, 144, &(at / 512).to_le_bytes());
    put(&mut block, 168, &ID);
    put(&mut block, 220, &2u32.to_le_bytes());
    let words = block[..256 + 2 * 2].chunks_exact(4).map(|word| u64::from(u32::from_le_bytes([word[0], word[1], word[2], word[3]])));
    let sum: u64 = words.sum();
    put(&mut block, 216, &((sum & 0xffff_ffff) as u32).wrapping_add((sum >> 32) as u32).to_le_bytes());
    block
}

/// The binary header (LUKS2 On-Disk Format Specification, section 2.1); the first one's fields are where LUKS1 has them.
fn luks(magic: &[u8; 4], version: u16, at: u64) -> Vec<u8> {
    let mut block = vec![0; 512];
    put(&mut block, 0, magic);
    put(&mut block, 4, &[0xba, 0xbe]);
    put(&mut block, 6, &version.to_be_bytes());
    put(&mut block, 168, b"5eed5eed-5eed-4eed-8eed-5eed5eed5eed");
    if version == 2 {
        put(&mut block, 8, &(16 * KIB).to_be_bytes());
        put(&mut block, 72, b"sha256");
        put(&mut block, 256, &at.to_be_bytes());
    }
    block
}

/// The first of the 128 uberblocks of a label: more than the four that libblkid wants to see.
fn zfs() -> Vec<u8> {
    let mut block = vec![0; 8 * 1024];
    for uberblock in block.chunks_exact_mut(1024) {
        put(uberblock, 0, &0x00ba_b10cu64.to_le_bytes());
        put(uberblock, 8, &5000u64.to_le_bytes());
    }
    block
}

/// The superblock (linux/include/uapi/linux/btrfs_tree.h).
fn btrfs(number: u8, size: u64) -> Vec<u8> {
    let mut block = vec![0; 4096];
    put(&mut block, 32, &ID);
    put(&mut block, 48, &(64 * KIB).to_le_bytes());
    put(&mut block, 64, b"_BHRfS_M");
    put(&mut block, 72, &7u64.to_le_bytes());
    put(&mut block, 112, &(2 * size).to_le_bytes());
    put(&mut block, 136, &2u64.to_le_bytes());
    put(&mut block, 144, &4096u32.to_le_bytes());
    put(&mut block, 148, &16384u32.to_le_bytes());
    put(&mut block, 201, &u64::from(number).to_le_bytes());
    put(&mut block, 299, b"OLD-DATA");
    let sum = !crc(0x82f6_3b78, !0, &block[32..]);
    put(&mut block, 0, &sum.to_le_bytes());
    block
}

/// `struct cache_sb` of a backing device (linux/drivers/md/bcache). Its checksum is left out: who clears disks does not ask for it.
fn bcache() -> Vec<u8> {
    let mut block = vec![0; 4096];
    put(&mut block, 8, &8u64.to_le_bytes());
    put(&mut block, 16, &1u64.to_le_bytes());
    put(&mut block, 24, &[0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca, 0x82, 0x65, 0xf5, 0x7f, 0x48, 0xba, 0x6d, 0x81]);
    put(&mut block, 40, &ID);
    block
}

/// `union swap_header` (linux/include/linux/swap.h) for pages of 4 KiB.
fn swap(size: u64) -> Vec<u8> {
    let mut block = vec![0; 4096];
    put(&mut block, 1024, &1u32.to_le_bytes());
    put(&mut block, 1028, &(size / 4096 - 1).to_le_bytes()[..4]);
    put(&mut block, 1036, &ID);
    put(&mut block, 4086, b"SWAPSPACE2");
    block
}
