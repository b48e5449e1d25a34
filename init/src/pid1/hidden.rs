//! A line that is typed unseen: nothing is echoed, not even a star for a character. Pure.

use std::fmt;

use super::secret::{LONGEST, Secret};

/// A line being typed.
#[derive(Debug, Default)]
pub struct Hidden {
    secret: Secret,
    refused: Option<Refused>,
}

/// Why a line cannot be a passphrase. Nothing is cut off or left out: nobody would see what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has more bytes than a passphrase may have.
    TooLong,
    /// A key was pressed that makes no character, such as an arrow.
    Control,
    /// The console on which it was to be typed is gone.
    Gone,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::TooLong => write!(f, "a passphrase has at most {LONGEST} bytes"),
            Refused::Control => f.write_str("a key that makes no character was pressed"),
            Refused::Gone => f.write_str("the console is gone"),
        }
    }
}

impl Hidden {
    /// Takes one byte from a console whose line discipline is off; returns the line when it is complete.
    pub fn feed(&mut self, byte: u8) -> Option<Result<Secret, Refused>> {
        match byte {
            b'\r' | b'\n' => {
                let Hidden { secret, refused } = std::mem::take(self);
                return Some(refused.map_or(Ok(secret), Err));
            }
            0x08 | 0x7f => self.erase(),
            // Ctrl-U
            0x15 => *self = Hidden::default(),
            ..b' ' => self.refused = Some(Refused::Control),
            _ if self.secret.push(byte) => {}
            _ => self.refused = Some(Refused::TooLong),
        }
        None
    }

    /// Takes away one character, all its bytes (UTF-8: bytes after the first are 10xxxxxx).
    fn erase(&mut self) {
        while self.secret.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> Vec<Result<Vec<u8>, Refused>> {
        let mut line = Hidden::default();
        let lines = bytes.iter().filter_map(|byte| line.feed(*byte));
        lines.map(|line| line.map(|secret| secret.bytes().to_vec())).collect()
    }

    #[test]
    fn bytes_pass_as_they_are() {
        for text in ["", "correct horse", " grün €\u{1f511} ", "\u{7ff}"] {
            assert_eq!(typed(format!("{text}\r").as_bytes()), [Ok(text.as_bytes().to_vec())]);
        }
        assert_eq!(typed(b"\xff\xe4\n"), [Ok(b"\xff\xe4".to_vec())]);
        assert!(typed(b"half").is_empty());
    }

    #[test]
    fn backspace_takes_a_whole_character_and_ctrl_u_everything() {
        assert_eq!(typed("a€\u{8}b\r".as_bytes()), [Ok(b"ab".to_vec())]);
        assert_eq!(typed(b"\x7f\x7fa\r"), [Ok(b"a".to_vec())]);
        assert_eq!(typed(b"wrong\x1b[A\x15right\r"), [Ok(b"right".to_vec())]);
    }

    #[test]
    fn nothing_is_left_out_in_silence() {
        assert_eq!(typed(b"a\x1b[Ab\r"), [Err(Refused::Control)]);
        assert_eq!(typed(&[&[b'x'; LONGEST + 1][..], b"\rshort\r"].concat()), [Err(Refused::TooLong), Ok(b"short".to_vec())]);
        assert_eq!(typed(&[&[b'x'; LONGEST][..], b"\r"].concat()), [Ok(vec![b'x'; LONGEST])]);
    }
}
