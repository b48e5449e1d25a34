//! The UUID of what we have just made, as udev writes it.

use super::super::bytes::array;

/// Where the kinds that this installer makes have their UUID.
const PLACES: [(&str, usize); 6] =
    [("ext4", 0x468), ("swap", 1036), ("XFS", 32), ("btrfs", 0x1_0020), ("F2FS", 0x400 + 108), ("bcachefs", 4096 + 56)];

/// The UUID of a file system of this kind that begins with these bytes.
pub fn uuid(kind: &str, bytes: &[u8]) -> Option<String> {
    match kind {
        // The serial number of the volume (FAT32), which is no UUID, written by its halves.
        "FAT" => {
            let [a, b, c, d] = array(bytes, 67)?;
            Some(format!("{d:02X}{c:02X}-{b:02X}{a:02X}"))
        }
        // Text, up to a zero.
        "LUKS" => {
            let text: [u8; 40] = array(bytes, 168)?;
            let text: String = text.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
            text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-').then_some(text).filter(|text| !text.is_empty())
        }
        _ => {
            let (_, at) = PLACES.iter().find(|(name, _)| *name == kind)?;
            let raw: [u8; 16] = array(bytes, *at)?;
            let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
            let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_string();
            Some([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_udev_writes_them() {
        let mut bytes = vec![0; 0x1000];
        bytes[67..71].copy_from_slice(&[0x78, 0x56, 0x34, 0x12]);
        bytes[0x468..0x478].copy_from_slice(&(0..16).collect::<Vec<u8>>());
        bytes[168..172].copy_from_slice(b"1a-2");
        assert_eq!(uuid("FAT", &bytes).as_deref(), Some("1234-5678"));
        assert_eq!(uuid("ext4", &bytes).as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
        assert_eq!(uuid("LUKS", &bytes).as_deref(), Some("1a-2"));
        assert_eq!((uuid("NTFS", &bytes), uuid("ext4", &[])), (None, None));
    }
}
