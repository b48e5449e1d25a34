//! What a SCSI or ATA disk says of itself: vital product data pages, as the kernel keeps them in sysfs. SPC-5, 7.7; SAT-4, 12.4.2;
//! ACS-4, 7.13.

use super::bytes::{array, ascii, u16_at};

/// Bytes of a page before its content.
const HEADER: usize = 4;
/// Longest name that is taken; SCSI's longest has 255 bytes, which twice as many hexadecimal digits would be.
const LONGEST: usize = 128;

/// What ATA's IDENTIFY DEVICE says. SCSI's own inquiry has room for 16 characters of the model only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identify {
    /// Model, up to 40 characters.
    pub model: String,
    /// Serial number, up to 20 characters.
    pub serial: String,
    /// World wide name, if it has one.
    pub wwn: Option<u64>,
}

/// The content of a page, if it is this one.
fn content(page: &[u8], code: u8) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes(array(page, 2)?));
    (*page.get(1)? == code).then_some(())?;
    let rest = page.get(HEADER..)?;
    Some(rest.get(..length).unwrap_or(rest))
}

/// The unit serial number, page 0x80.
pub fn unit_serial(page: &[u8]) -> String {
    content(page, 0x80).map(|text| ascii(text, 0, LONGEST)).unwrap_or_default()
}

/// The IDENTIFY data in the ATA information page, 0x89.
pub fn identify(page: &[u8]) -> Option<Identify> {
    // Behind the translator's own names, the signature of the device and the command.
    let words = content(page, 0x89)?.get(56..56 + 512)?;
    let word = |n: usize| u16_at(words, 2 * n);
    // Two characters a word, the first in the upper byte.
    let text = |first: usize, last: usize| {
        let bytes: Vec<u8> = (first..=last).filter_map(word).flat_map(u16::to_be_bytes).collect();
        ascii(&bytes, 0, bytes.len())
    };
    // Word 87 holds flags when its upper bits are 01; bit 8 announces the name.
    let named = word(87)? & 0xc100 == 0x4100;
    let wwn = (108..=111).filter_map(word).fold(0, |wwn, word| wwn << 16 | u64::from(word));
    Some(Identify { model: text(27, 46), serial: text(10, 19), wwn: (named && wwn != 0).then_some(wwn) })
}

/// Names of the logical unit in the device identification page, 0x83: the digit of their kind, and their text, or hexadecimal digits.
/// Kind 0 is the vendor's own, 1 begins with the vendor, 2 is an EUI-64, 3 an NAA name.
pub fn designators(page: &[u8]) -> Vec<(char, String)> {
    let mut rest = content(page, 0x83).unwrap_or_default();
    let mut found = Vec::new();
    while let Some((designator, behind)) = rest.get(3).and_then(|length| rest.get(4..)?.split_at_checked(usize::from(*length))) {
        let (code_set, kind) = (rest.first().copied().unwrap_or_default() & 0xf, rest.get(1).copied().unwrap_or_default());
        // The association, bits 4 and 5, is 0 for the logical unit; others name its port or target.
        let (of_unit, kind) = (kind & 0x30 == 0, kind & 0xf);
        let text = match code_set {
            1 => designator.iter().take(LONGEST / 2).map(|byte| format!("{byte:02x}")).collect(),
            _ => ascii(designator, 0, LONGEST),
        };
        if let (true, Some(digit), false) = (of_unit && kind <= 3, char::from_digit(kind.into(), 10), text.is_empty()) {
            found.push((digit, text));
        }
        rest = behind;
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn page(code: u8, content: &[u8]) -> Vec<u8> {
        [&[0, code], &(content.len() as u16).to_be_bytes()[..], content].concat()
    }

    /// The page of an ATA disk, as the kernel's translator fills it in.
    pub fn ata() -> Vec<u8> {
        let mut content = vec![0; 56 + 512];
        content[4..12].copy_from_slice(b"linux   ");
        let mut put = |word: usize, text: &str, length: usize| {
            for (n, pair) in format!("{text:<length$}").as_bytes().chunks_exact(2).enumerate() {
                content[56 + 2 * (word + n)..][..2].copy_from_slice(&[pair[1], pair[0]]);
            }
        };
        put(10, "     WD-WCC7K0123456", 20);
        put(27, "WDC WD40EFRX-68N32N0", 40);
        for (word, value) in [(87, 0x4100u16), (108, 0x5001), (109, 0x4ee2), (110, 0xb1a2), (111, 0xb3c4)] {
            content[56 + 2 * word..][..2].copy_from_slice(&value.to_le_bytes());
        }
        page(0x89, &content)
    }

    /// A page with a name of each kind, and one of the port.
    pub fn names() -> Vec<u8> {
        let t10 = b"\x02\x01\x00\x10ATA     DISK 001";
        let naa = b"\x01\x03\x00\x08\x50\x01\x4e\xe2\xb1\xa2\xb3\xc4";
        let port = b"\x61\x93\x00\x08\x50\x01\x4e\xe2\xb1\xa2\xb3\xc5";
        page(0x83, &[&b"\x02\x00\x00\x08SERIAL01"[..], t10, port, naa].concat())
    }

    pub fn serial() -> Vec<u8> {
        page(0x80, b"     WD-WCC7K0123456")
    }

    #[test]
    fn the_whole_name_of_an_ata_disk() {
        let found = identify(&ata()).unwrap();
        assert_eq!((found.model.as_str(), found.serial.as_str()), ("WDC WD40EFRX-68N32N0", "WD-WCC7K0123456"));
        assert_eq!(found.wwn, Some(0x5001_4ee2_b1a2_b3c4));
        let mut nameless = ata();
        nameless[4 + 56 + 2 * 87 + 1] = 0x40;
        assert_eq!(identify(&nameless).unwrap().wwn, None);
    }

    #[test]
    fn names_of_the_unit_and_not_of_its_port() {
        let expected = [('0', "SERIAL01"), ('1', "ATA     DISK 001"), ('3', "50014ee2b1a2b3c4")];
        assert_eq!(designators(&names()), expected.map(|(kind, text)| (kind, text.to_string())));
        assert_eq!(unit_serial(&serial()), "WD-WCC7K0123456");
    }

    #[test]
    fn another_page_or_a_cut_one_says_nothing() {
        assert_eq!((identify(&names()), unit_serial(&names())), (None, String::new()));
        assert_eq!(identify(&ata()[..500]), None);
        assert!(designators(&serial()).is_empty() && designators(&[]).is_empty());
        assert_eq!(designators(&names()[..20]), [('0', "SERIAL01".to_string())]);
    }
}
