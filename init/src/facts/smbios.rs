//! Tables of the firmware, as the kernel shows them in `/sys/firmware/dmi/entries`.

use super::bytes::printable;

/// The strings behind the formatted area of a table (SMBIOS 3.7, section 6.1.3): its length is byte 1, each string ends with a zero.
/// They reach a console in errors, and so are printable ASCII.
pub fn strings(raw: &[u8]) -> Vec<String> {
    let formatted = raw.get(1).copied().map_or(raw.len(), usize::from);
    let area = raw.get(formatted..).unwrap_or_default();
    area.split(|byte| *byte == 0).filter(|s| !s.is_empty()).map(|s| printable(&String::from_utf8_lossy(s))).collect()
}

#[cfg(test)]
mod tests {
    use super::strings;

    #[test]
    fn oem_strings_are_behind_the_formatted_area() {
        assert_eq!(strings(b"\x0b\x05\x00\x0b\x02install.dry-run\0install.disk=sda\0\0"), ["install.dry-run", "install.disk=sda"]);
    }

    #[test]
    fn damaged_tables_say_nothing() {
        for raw in [&b""[..], b"\x0b", b"\x0b\xff\x00", b"\x0b\x05\x00\x0b\x02\0\0"] {
            assert!(strings(raw).is_empty(), "{raw:?}");
        }
    }
}
