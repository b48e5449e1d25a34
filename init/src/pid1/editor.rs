//! The line a person types on one console: echo, backspace, Ctrl-U. Pure.

/// The longest line that is kept; of a longer one the rest is noise.
const LONGEST: usize = 128;

/// A line being typed.
#[derive(Default)]
pub struct Editor {
    line: heapless::Vec<u8, LONGEST>,
    /// A byte came that nobody types (a break on the line, an arrow key), or for which there was no room.
    noise: bool,
}

/// What a byte led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// Show this.
    Echo(Vec<u8>),
    /// The line is complete.
    Line(String),
}

impl Editor {
    /// Takes one byte from a console whose line discipline is off.
    pub fn feed(&mut self, byte: u8) -> Typed {
        const ERASE: &[u8] = b"\x08 \x08";
        match byte {
            b'\r' | b'\n' => {
                let Editor { line, noise } = std::mem::take(self);
                // Marked, so that it never matches anything.
                let mark = if noise { "\u{fffd}" } else { "" };
                Typed::Line(format!("{mark}{}", String::from_utf8_lossy(&line)))
            }
            0x08 | 0x7f => Typed::Echo(self.line.pop().map(|_| ERASE.to_vec()).unwrap_or_default()),
            0x15 => Typed::Echo(ERASE.repeat(std::mem::take(self).line.len())),
            b' '..=b'~' | 0x80.. if self.line.push(byte).is_ok() => Typed::Echo(vec![byte]),
            _ => {
                self.noise = true;
                Typed::Echo(Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<String> {
        let mut editor = Editor::default();
        let lines = text.bytes().filter_map(|byte| match editor.feed(byte) {
            Typed::Line(line) => Some(line),
            Typed::Echo(_) => None,
        });
        lines.collect()
    }

    #[test]
    fn lines_as_typed() {
        assert_eq!(typed("yes\r"), ["yes"]);
        assert_eq!(typed("\r YES\r"), ["", " YES"]);
        assert_eq!(typed("yex\x7fs\n"), ["yes"]);
        assert_eq!(typed("nonsense\x15yes\r"), ["yes"]);
        assert_eq!(typed("half"), Vec::<String>::new());
    }

    #[test]
    fn a_line_that_is_too_long_does_not_turn_into_yes() {
        assert_eq!(typed(&format!("{}yes\r", "x".repeat(200))), [format!("\u{fffd}{}", "x".repeat(LONGEST))]);
    }

    #[test]
    fn noise_does_not_turn_into_yes_and_can_be_taken_back() {
        for noise in ["\0", "\x1b", "\x07", "\x03"] {
            assert_eq!(typed(&format!("{noise}yes\r")), ["\u{fffd}yes"]);
            assert_eq!(typed(&format!("{noise}\ryes\r{noise}\x15yes\r")), ["\u{fffd}", "yes", "yes"]);
        }
    }

    #[test]
    fn erasing_an_empty_line_shows_nothing() {
        assert_eq!(Editor::default().feed(0x7f), Typed::Echo(Vec::new()));
    }
}
