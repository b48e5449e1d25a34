//! Text from disks and firmware must not reach a terminal as it is: from its first word on the installer says nothing but ASCII on the
//! serial line. What a script itself sends is echoed there, and is no news.
//!
//! Pure.

/// How the installer begins.
const FIRST_WORD: &[u8] = b"autoinstaller: ";

/// Reads the line along.
#[derive(Debug, Default)]
pub struct Foreign {
    sent: Vec<u8>,
    /// How much of the first word has been said.
    heard: usize,
    found: Option<u8>,
}

impl Foreign {
    /// For a script that sends these bytes.
    pub fn new(sent: Vec<u8>) -> Foreign {
        Foreign { sent, ..Foreign::default() }
    }

    /// Takes what was said.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match FIRST_WORD.get(self.heard) {
                Some(next) if next == byte => self.heard += 1,
                Some(_) => self.heard = usize::from(*byte == FIRST_WORD[0]),
                None if byte.is_ascii() || self.sent.contains(byte) => {}
                None => self.found = self.found.or(Some(*byte)),
            }
        }
    }

    /// The machine has started over: firmware and loader draw their menus.
    pub fn start_over(&mut self) {
        self.heard = 0;
    }

    /// Fails once such a byte was said.
    pub fn check(&self) -> Result<(), String> {
        self.found.map_or(Ok(()), |byte| Err(format!("the byte {byte:02x} came over the serial line, which is not ASCII")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(sent: &[u8], chunks: &[&[u8]]) -> Result<(), String> {
        let mut foreign = Foreign::new(sent.to_vec());
        for chunk in chunks {
            if chunk.is_empty() { foreign.start_over() } else { foreign.push(chunk) }
        }
        foreign.check()
    }

    #[test]
    fn bytes_outside_ascii_count_from_the_first_word_to_the_end() {
        assert_eq!(verdict(b"", &[b"\xe2\x94\x80 autoautoinst", b"aller: looking\x1b[0m"]), Ok(()));
        let error = verdict(b"", &[b"autoinstaller: ", b"gr\xfcn"]).unwrap_err();
        assert_eq!(error, "the byte fc came over the serial line, which is not ASCII");
        assert_eq!(verdict(b"\xfc", &[b"autoinstaller: gr\xfcn"]), Ok(()));
        assert_eq!(verdict(b"", &[b"autoinstaller: ", b"", b"\xe2\x94\x80"]), Ok(()));
        assert!(verdict(b"", &[b"autoinstaller: \xe9", b""]).is_err());
    }
}
