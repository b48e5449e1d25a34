//! Readers of foreign bytes must survive any bytes: good inputs, cut and mutated at random, thousands of times each. The generator is seeded,
//! so a failure can be repeated. Whatever a reader makes of them is bounded, fit for a console, and read where it may read.

use std::cell::Cell;
use std::ops::Range;

use super::{load_option, smbios, superblock, table, vpd};

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// Hands mutated copies to a reader. The mutations fall into `hot`, where the structures are.
fn mutate(seed: &[u8], hot: &[Range<usize>], rounds: usize, mut reader: impl FnMut(&[u8])) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds {
        let mut bytes = seed.to_vec();
        for _ in 0..=random.below(8) {
            let range = hot[random.below(hot.len())].clone();
            let at = range.start + random.below(range.len());
            bytes[at] = [0, 0xff, 0x7f, 0x80, random.below(256) as u8][random.below(5)];
        }
        if round % 3 == 0 {
            bytes.truncate(random.below(seed.len() + 1));
        }
        reader(&bytes);
    }
}

/// Mutates everywhere.
fn everywhere(seed: &[u8], rounds: usize, reader: impl FnMut(&[u8])) {
    mutate(seed, std::slice::from_ref(&(0..seed.len())), rounds, reader);
}

fn presentable(text: &str, most: usize) -> bool {
    text.len() <= most && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// Reads as a disk does, and counts what was asked for.
fn counted<'a>(bytes: &'a [u8], asked: &'a Cell<usize>) -> impl Fn(u64, usize) -> Option<Vec<u8>> + 'a {
    move |at, length| {
        asked.set(asked.get() + length);
        let at = usize::try_from(at).ok()?;
        bytes.get(at..at.checked_add(length)?).map(<[u8]>::to_vec)
    }
}

#[test]
fn load_options() {
    let seed = load_option::tests::variable("Windows Boot Manager", [3; 16]);
    let mut read = 0;
    everywhere(&seed, 10_000, |bytes| {
        if let Some(option) = load_option::load_option(bytes) {
            assert!(presentable(&option.description, bytes.len()));
            read += 1;
        }
        assert!(load_option::boot_order(bytes).len() <= bytes.len() / 2);
    });
    assert!(read > 1000, "{read}");
}

#[test]
fn superblocks() {
    const MIB: usize = 1 << 20;
    let raid: &[u8] = b"\xfc\x4e\x2b\xa9\x01\0\0\0";
    let both_ends: [(usize, &[u8]); 5] =
        [(0x438, b"\x53\xef"), (82, b"FAT32   "), (0x478, b"LABEL"), (MIB - 8192, raid), (MIB - 8192 + 32, b"host:name")];
    let wide: [(usize, &[u8]); 3] = [(0x400, b"\x10\x20\xf5\xf2"), (0x47c, b"F\x002\0"), (0x2_0000, b"\x0c\xb1\xba\0")];
    let ends = [0..0x500, 0x2_0000..0x2_0010, MIB - 8192..MIB - 8100, MIB - 1024..MIB];
    let record = 4 * 4096 + 3 * 1024;
    for (seed, hot) in [
        (superblock::tests::with(MIB, &both_ends), &ends[..]),
        (superblock::tests::with(MIB, &wide), &ends),
        (superblock::tests::ntfs(), &[0..72, record..record + 160]),
        (superblock::tests::exfat(), &[0..112, 144 * 512..144 * 512 + 64]),
    ] {
        let mut recognised = 0;
        mutate(&seed, hot, 150, |bytes| {
            let asked = Cell::new(0);
            let hints = superblock::hints(&counted(bytes, &asked), bytes.len() as u64);
            assert!(hints.iter().all(|hint| presentable(&hint.to_string(), 600)) && hints.len() <= 2);
            assert!(asked.get() <= MIB, "{} bytes were read", asked.get());
            assert!(superblock::hint(bytes).is_none_or(|hint| presentable(&hint.label, 600)));
            recognised += hints.len();
        });
        assert!(recognised > 20, "{recognised}");
    }
}

#[test]
fn tables() {
    let gpt = table::tests::disk();
    let end = gpt.len();
    let hot = [440..512, 512..604, 1024..1280, end - 512..end - 420];
    let link = [5120 + 440..5120 + 512; 1];
    for (seed, hot, rounds) in [(gpt, &hot[..], 100), (table::tests::logical(), &hot[..1], 1000), (table::tests::logical(), &link, 1000)] {
        let mut found = 0;
        mutate(&seed, hot, rounds, |bytes| {
            let asked = Cell::new(0);
            let table = table::read(&counted(bytes, &asked), bytes.len() as u64, table::tests::SECTOR);
            let extents = table.extents();
            // Two headers with their entries, or four chains of 100 links with up to four records each.
            assert!(table.partitions().len() <= table::MOST_ENTRY_BYTES / 128 && extents.len() <= 4 * 100 * 4);
            assert!(asked.get() <= 2 * (table::MOST_ENTRY_BYTES + 512) + 400 * 512, "{} bytes were read", asked.get());
            found += extents.len();
        });
        assert!(found > 20, "{found}");
    }
}

#[test]
fn pages_of_scsi_and_ata() {
    for seed in [vpd::tests::ata(), vpd::tests::names(), vpd::tests::serial()] {
        let mut said = 0;
        everywhere(&seed, 5_000, |bytes| {
            let identify = vpd::identify(bytes).unwrap_or_default();
            let names = vpd::designators(bytes);
            let serial = vpd::unit_serial(bytes);
            assert!(presentable(&identify.model, 40) && presentable(&identify.serial, 20) && presentable(&serial, 128));
            assert!(
                names.len() <= bytes.len() / 4 && names.iter().all(|(kind, name)| ('0'..='3').contains(kind) && presentable(name, 128))
            );
            said += usize::from(!identify.model.is_empty() || !names.is_empty() || !serial.is_empty());
        });
        assert!(said > 500, "{said}");
    }
}

#[test]
fn strings_of_the_firmware() {
    let mut said = 0;
    everywhere(b"\x0b\x05\x00\x0b\x02install.dry-run\0install.disk=sda\0\0", 5_000, |bytes| {
        let strings = smbios::strings(bytes);
        assert!(strings.iter().all(|string| presentable(string, bytes.len())) && strings.len() <= bytes.len());
        said += strings.len();
    });
    assert!(said > 5_000, "{said}");
}
