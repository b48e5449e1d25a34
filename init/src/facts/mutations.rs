//! Readers of foreign bytes must survive any bytes: good inputs, cut and mutated at random, ten thousand times each. The generator is seeded,
//! so a failure can be repeated.

use super::{load_option, superblock, table};

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

/// Hands mutated copies to a reader. Most mutations fall into `hot`, where the structures are.
fn mutate(seed: &[u8], hot: &[std::ops::Range<usize>], rounds: usize, reader: impl Fn(&[u8])) {
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

#[test]
fn load_options() {
    let seed = load_option::tests::variable("Windows Boot Manager", [3; 16]);
    let all = 0..seed.len();
    mutate(&seed, std::slice::from_ref(&all), 10_000, |bytes| {
        if let Some(option) = load_option::load_option(bytes) {
            assert!(option.description.len() <= 3 * bytes.len());
        }
        assert!(load_option::boot_order(bytes).len() <= bytes.len() / 2);
    });
}

#[test]
fn superblocks() {
    let seed = superblock::tests::with(&[(0x438, b"\x53\xef"), (82, b"FAT32   "), (0x478, b"LABEL")]);
    mutate(&seed, &[0..0x500, 4080..4200, 0x1_0000..0x1_0200, 0x2_0000..0x2_1000], 1_000, |bytes| {
        if let Some(hint) = superblock::hint(bytes) {
            assert!(hint.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    });
}

#[test]
fn tables() {
    let seed = table::tests::disk();
    let end = seed.len();
    mutate(&seed, &[440..512, 512..604, 1024..1280, end - 512..end - 420], 300, |bytes| {
        if let table::Table::Gpt(gpt) = table::tests::table(bytes) {
            assert!(gpt.partitions.len() <= table::MOST_ENTRY_BYTES / 128);
        }
    });
}
