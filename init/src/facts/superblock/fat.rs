//! What firmware takes for a FAT file system: by the numbers that it calculates with, not by the texts that tools look for (Microsoft's
//! FAT specification, section 3.1).

use crate::facts::bytes::u16_at;

/// Whether a partition that begins with this sector may be one.
pub fn is_fat(sector: &[u8]) -> bool {
    let power = |number: u16| number.is_power_of_two();
    let byte = |at: usize| sector.get(at).copied().map(u16::from).unwrap_or_default();
    sector.get(510..512) == Some(&[0x55, 0xaa])
        && u16_at(sector, 11).is_some_and(|bytes| bytes >= 512 && power(bytes))
        && power(byte(13))
        // NTFS and exFAT have none of its tables.
        && byte(16) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_decide_and_no_text() {
        let sector = |bytes: &[(usize, u8)]| {
            let mut sector = vec![0; 512];
            bytes.iter().for_each(|(at, byte)| sector[*at] = *byte);
            sector
        };
        let signed = [(510, 0x55), (511, 0xaa)];
        let fat = |rest: &[(usize, u8)]| is_fat(&sector(&[&signed, rest].concat()));
        assert!(fat(&[(12, 2), (13, 8), (16, 2)]));
        assert!(fat(&[(12, 16), (13, 1), (16, 1)]));
        assert!(!is_fat(&sector(&[(12, 2), (13, 8), (16, 2)])));
        // A master boot record, an NTFS, and sectors of 768 bytes.
        assert!(!fat(&[]));
        assert!(!fat(&[(12, 2), (13, 8)]));
        assert!(!fat(&[(12, 3), (13, 8), (16, 2)]));
        assert!(!is_fat(b"short"));
    }
}
