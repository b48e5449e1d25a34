//! The line a person types on one console: echo, backspace, Ctrl-U. Pure.

/// The longest line that is kept; longer ones are cut, and so never match anything.
const LONGEST: usize = 128;

/// A line being typed.
#[derive(Default)]
pub struct Editor {
    line: heapless::Vec<u8, LONGEST>,
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
            b'\r' | b'\n' => Typed::Line(String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned()),
            0x08 | 0x7f => Typed::Echo(self.line.pop().map(|_| ERASE.to_vec()).unwrap_or_default()),
            0x15 => Typed::Echo(ERASE.repeat(std::mem::take(&mut self.line).len())),
            b' '..=b'~' | 0x80.. if self.line.push(byte).is_ok() => Typed::Echo(vec![byte]),
            _ => Typed::Echo(Vec::new()),
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
        assert_eq!(typed(&format!("{}yes\r", "x".repeat(200)))[0].len(), LONGEST);
    }

    #[test]
    fn erasing_an_empty_line_shows_nothing() {
        assert_eq!(Editor::default().feed(0x7f), Typed::Echo(Vec::new()));
    }
}
