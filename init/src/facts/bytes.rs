//! Numbers and texts out of bytes that may be too short. Numbers are little-endian.

/// Reads bytes of a disk: the offset, and how many; `None` when there are not so many.
pub type Read<'a> = &'a dyn Fn(u64, usize) -> Option<Vec<u8>>;

/// Two bytes.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(array(bytes, at)?))
}

/// Four bytes.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(array(bytes, at)?))
}

/// Eight bytes.
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(array(bytes, at)?))
}

/// N bytes as they are.
pub fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// What may be shown on a terminal: printable ASCII stays, anything else becomes a question mark, so that no escape sequence gets through.
pub fn printable(text: &str) -> String {
    let padding = |c: char| c.is_whitespace() || c == '\0';
    text.trim_matches(padding).chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

/// Printable ASCII up to a zero, without padding; anything else is left out, for it goes to a terminal.
pub fn ascii(bytes: &[u8], at: usize, length: usize) -> String {
    let raw = bytes.get(at..).unwrap_or_default();
    let raw = raw.iter().take(length).take_while(|b| **b != 0).filter(|b| (b' '..=b'~').contains(*b));
    raw.map(|b| char::from(*b)).collect::<String>().trim().into()
}

/// UTF-16 up to its terminating zero or the end, with its length in units including the zero. Unpaired surrogates become U+FFFD.
pub fn utf16(bytes: &[u8]) -> (String, usize) {
    let units =
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]));
    let text: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    (String::from_utf16_lossy(&text), text.len() + 1)
}
