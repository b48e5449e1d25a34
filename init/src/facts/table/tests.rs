use super::*;
use crate::facts::crc32;
use crate::facts::guid;

pub const SECTOR: u64 = 512;

/// Writes a record of a master boot record, and its signature.
pub fn put_record(sector: &mut [u8], n: usize, kind: u8, first: u32, blocks: u32) {
    let record = &mut sector[446 + 16 * n..462 + 16 * n];
    record[4] = kind;
    record[8..12].copy_from_slice(&first.to_le_bytes());
    record[12..16].copy_from_slice(&blocks.to_le_bytes());
    sector[510..512].copy_from_slice(&[0x55, 0xaa]);
}

/// A disk of 1 MiB with one ESP, both headers good.
pub fn disk() -> Vec<u8> {
    let mut disk = vec![0; 1 << 20];
    let last = disk.len() as u64 / SECTOR - 1;
    put_record(&mut disk, 0, 0xee, 1, u32::MAX);
    let mut entries = vec![0; 128 * 128];
    entries[..16].copy_from_slice(&guid::ESP.0);
    entries[16..32].copy_from_slice(&[7; 16]);
    entries[32..40].copy_from_slice(&40u64.to_le_bytes());
    entries[40..48].copy_from_slice(&99u64.to_le_bytes());
    entries[56..62].copy_from_slice(b"E\0S\0P\0");
    for (block, table) in [(1, 2), (last, last - 32)] {
        let mut header = vec![0; gpt::HEADER];
        header[..8].copy_from_slice(b"EFI PART");
        header[12..16].copy_from_slice(&92u32.to_le_bytes());
        header[24..32].copy_from_slice(&u64::to_le_bytes(block));
        header[56..72].copy_from_slice(&[9; 16]);
        header[72..80].copy_from_slice(&u64::to_le_bytes(table));
        header[80..84].copy_from_slice(&128u32.to_le_bytes());
        header[84..88].copy_from_slice(&128u32.to_le_bytes());
        header[88..92].copy_from_slice(&crc32::of(&entries).to_le_bytes());
        let sum = crc32::of(&header);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        let (block, table) = ((block * SECTOR) as usize, (table * SECTOR) as usize);
        disk[block..block + gpt::HEADER].copy_from_slice(&header);
        disk[table..table + entries.len()].copy_from_slice(&entries);
    }
    disk
}

pub fn table(disk: &[u8]) -> Table {
    let bytes = |at: u64, length: usize| disk.get(at as usize..(at as usize).checked_add(length)?).map(<[u8]>::to_vec);
    read(&bytes, disk.len() as u64, SECTOR)
}

#[test]
fn a_whole_table() {
    let Table::Gpt(gpt) = table(&disk()) else { panic!("no GPT") };
    assert!(gpt.whole && gpt.disk == Guid([9; 16]) && gpt.partitions.len() == 1);
    let esp = &gpt.partitions[0];
    assert_eq!((esp.number, esp.kind, esp.id, esp.first, esp.last, esp.name.as_str()), (1, guid::ESP, Guid([7; 16]), 40, 99, "ESP"));
}

#[test]
fn one_good_header_is_enough_and_none_is_damage() {
    let mut damaged = disk();
    damaged[SECTOR as usize + 60] ^= 1;
    let Table::Gpt(gpt) = table(&damaged) else { panic!("the backup is good") };
    assert!(!gpt.whole);
    let end = damaged.len() - SECTOR as usize;
    damaged[end + 60] ^= 1;
    assert_eq!(table(&damaged), Table::Damaged);
}

#[test]
fn entries_with_a_wrong_checksum_are_not_believed() {
    let mut damaged = disk();
    damaged[2 * SECTOR as usize + 40] ^= 1;
    let Table::Gpt(gpt) = table(&damaged) else { panic!("the backup is good") };
    assert!(!gpt.whole && gpt.partitions[0].last == 99);
}

#[test]
fn a_gpt_without_its_protective_mbr_is_no_table_any_more() {
    let mut old = disk();
    put_record(&mut old, 0, 0x83, 64, 100);
    old[SECTOR as usize..SECTOR as usize + 512].fill(0);
    assert_eq!(table(&old), Table::Mbr(vec![Extent { first: 64, blocks: 100 }]));
    old[..20_000].fill(0);
    assert_eq!(table(&old), Table::Damaged);
    let bytes = |at: u64, length: usize| old.get(at as usize..at as usize + length).map(<[u8]>::to_vec);
    assert_eq!(any_gpt(&bytes, old.len() as u64, SECTOR).unwrap().disk, Guid([9; 16]));
}

#[test]
fn what_cannot_be_read_is_not_nothing() {
    let disk = disk();
    let end = disk.len() as u64;
    for broken in [0, SECTOR, end - SECTOR] {
        let bytes = |at: u64, length: usize| (at != broken).then(|| disk[at as usize..at as usize + length].to_vec());
        let found = read(&bytes, end, SECTOR);
        assert!(if broken == 0 { found == Table::Unreadable } else { matches!(found, Table::Gpt(Gpt { whole: false, .. })) });
    }
    let only_mbr = |at: u64, length: usize| (at == 0).then(|| disk[..length].to_vec());
    assert_eq!(read(&only_mbr, end, SECTOR), Table::Unreadable);
}

#[test]
fn mbr_and_nothing() {
    let mut mbr = vec![0; 1 << 16];
    assert_eq!(table(&mbr), Table::None);
    mbr[510..512].copy_from_slice(&[0x55, 0xaa]);
    assert_eq!(table(&mbr), Table::None);
    put_record(&mut mbr, 0, 0x83, 8, 8);
    put_record(&mut mbr, 1, 0x07, 16, 8);
    put_record(&mut mbr, 2, 0x07, 16, 0);
    assert_eq!(table(&mbr), Table::Mbr(vec![Extent { first: 8, blocks: 8 }, Extent { first: 16, blocks: 8 }]));
    put_record(&mut mbr, 1, 0xee, 1, 8);
    assert_eq!(table(&mbr), Table::Damaged);
    put_record(&mut mbr, 1, 0xee, 2, 8);
    assert_eq!(table(&mbr), Table::Damaged);
    assert_eq!(table(&[]), Table::None);
}

#[test]
fn a_boot_sector_is_no_master_boot_record() {
    let mut floppy = vec![0; 1 << 16];
    put_record(&mut floppy, 0, 0x6f, 0x2070_6f6f, 0x6b73_6964);
    floppy[446] = b'N';
    assert_eq!(table(&floppy), Table::None);
    floppy[446] = 0x80;
    assert!(matches!(table(&floppy), Table::Mbr(_)));
}

/// A disk of 64 KiB with a primary and two logical partitions; the links of the chain are in blocks 10 and 30.
pub fn logical() -> Vec<u8> {
    let mut disk = vec![0; 1 << 16];
    put_record(&mut disk, 0, 0x0c, 2, 4);
    put_record(&mut disk, 1, 0x0f, 10, 100);
    let [first, second] = [10, 30].map(|block| block * SECTOR as usize);
    put_record(&mut disk[first..], 0, 0x83, 1, 5);
    put_record(&mut disk[first..], 1, 0x05, 20, 5);
    put_record(&mut disk[second..], 0, 0x83, 1, 6);
    disk
}

#[test]
fn logical_partitions_and_a_chain_that_is_a_circle() {
    let mut disk = logical();
    let (primary, first, second) = (Extent { first: 2, blocks: 4 }, Extent { first: 11, blocks: 5 }, Extent { first: 31, blocks: 6 });
    assert_eq!(table(&disk), Table::Mbr(vec![primary, first, second]));
    put_record(&mut disk[30 * SECTOR as usize..], 1, 0x05, 0, 5);
    assert_eq!(table(&disk).extents().len(), 1 + 100);
}

#[test]
fn firmware_may_look_wherever_any_table_says_that_something_begins() {
    let found = |disk: &[u8]| {
        let bytes = |at: u64, length: usize| disk.get(at as usize..(at as usize).checked_add(length)?).map(<[u8]>::to_vec);
        starts(&bytes, disk.len() as u64, SECTOR)
    };
    let mut both = disk();
    assert_eq!(found(&both), [0, 40]);
    // A hybrid master boot record, and one of its records leads behind the end.
    put_record(&mut both, 1, 0x0c, 60, 9);
    put_record(&mut both, 2, 0x0c, u32::MAX, 9);
    assert_eq!(found(&both), [0, 40, 60]);
    // Only the copy is good, and only the first.
    let (mut second, last) = (both.clone(), both.len() - SECTOR as usize);
    second[SECTOR as usize] = 0;
    assert_eq!(found(&second), [0, 40, 60]);
    both[last] = 0;
    assert_eq!(found(&both), [0, 40, 60]);
    both[SECTOR as usize] = 0;
    assert_eq!(found(&both), [0, 60]);
    assert_eq!(
        found(&logical()),
        table(&logical()).extents().iter().map(|extent| extent.first).fold(vec![0], |all, one| [all, vec![one]].concat())
    );
    assert_eq!(found(&[0; 4096]), [0]);
    assert!(found(&[]).len() <= 1);
}
