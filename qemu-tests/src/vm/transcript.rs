//! What a console has said, as text that can be searched: escape sequences and carriage returns taken out.
//!
//! Pure. A search goes forward only: what was matched once is not matched again, so a script reads in the order of the run.

/// Everything said so far, and how far the script has read.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    cursor: usize,
    filter: Filter,
}

/// State of the filter between two chunks of bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Filter {
    #[default]
    Plain,
    /// A carriage return: either half of a line end, or the start of a line drawn over.
    Return,
    Escape,
    /// After `ESC (` and the like: one more byte belongs to it.
    EscapeOne,
    /// ECMA-48 control sequence, ends with a byte in 0x40..=0x7e.
    Control,
    /// Operating system command, ends with BEL or ESC.
    Command,
}

impl Transcript {
    /// Takes bytes as they come and returns what they add to the text.
    pub fn push(&mut self, bytes: &[u8]) -> &str {
        let start = self.text.len();
        for &byte in bytes {
            self.filter = self.step(byte);
        }
        &self.text[start..]
    }

    fn step(&mut self, byte: u8) -> Filter {
        match (self.filter, byte) {
            (Filter::Escape, b'[') => Filter::Control,
            (Filter::Escape, b']') => Filter::Command,
            (Filter::Escape, b'(' | b')' | b'#') => Filter::EscapeOne,
            (Filter::Escape | Filter::EscapeOne, _) => Filter::Plain,
            // The cursor jumps: what follows stands elsewhere on the screen.
            (Filter::Control, b'H') => self.put('\n'),
            (Filter::Control, 0x40..=0x7e) | (Filter::Command, 0x07) => Filter::Plain,
            (Filter::Command, 0x1b) | (_, 0x1b) => Filter::Escape,
            (Filter::Control | Filter::Command, _) => self.filter,
            (_, b'\r') => Filter::Return,
            (Filter::Return, b'\n') => self.put('\n'),
            (Filter::Return, _) => {
                self.put('\n');
                self.put(printable(byte))
            }
            (Filter::Plain, _) => self.put(printable(byte)),
        }
    }

    fn put(&mut self, c: char) -> Filter {
        // Firmware draws its screens with returns alone: empty lines tell nothing.
        if c != '\0' && !(c == '\n' && self.text.ends_with("\n\n")) {
            self.text.push(c);
        }
        Filter::Plain
    }

    /// Looks for the text after everything matched so far, and moves on behind it if it is there.
    pub fn advance(&mut self, wanted: &str) -> bool {
        match self.text[self.cursor..].find(wanted) {
            Some(at) => {
                self.cursor += at + wanted.len();
                true
            }
            None => false,
        }
    }

    /// Looks for all texts, in any order, and moves on behind the last of them if they are all there.
    pub fn advance_all(&mut self, wanted: &[&str]) -> bool {
        let rest = &self.text[self.cursor..];
        let Some(ends) = wanted.iter().map(|text| Some(rest.find(text)? + text.len())).collect::<Option<Vec<usize>>>() else {
            return false;
        };
        self.cursor += ends.into_iter().max().unwrap_or(0);
        true
    }

    /// Moves on behind everything that was said, and returns what was not read.
    pub fn skip(&mut self) -> &str {
        let rest = &self.text[self.cursor..];
        self.cursor = self.text.len();
        rest
    }

    /// Whether the text was said at any time.
    pub fn contains(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The last lines, at most `count`, without empty ones.
    pub fn tail(&self, count: usize) -> Vec<&str> {
        let lines: Vec<&str> = self.text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(count)..].to_vec()
    }
}

/// Consoles are ASCII: any other byte is shown as `?`, so that the offsets of the search stay character boundaries.
fn printable(byte: u8) -> char {
    match byte {
        b'\n' | b'\t' | 0x20..=0x7e => char::from(byte),
        0x00..=0x1f | 0x7f => '\0',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(chunks: &[&[u8]]) -> String {
        let mut transcript = Transcript::default();
        chunks.iter().map(|chunk| transcript.push(chunk).to_owned()).collect()
    }

    #[test]
    fn line_ends_are_one_character() {
        assert_eq!(text(&[b"a\r\nb\r\r\nc"]), "a\nb\nc");
        assert_eq!(text(&[b"a\r", b"\nb"]), "a\nb");
    }

    #[test]
    fn a_line_drawn_over_is_kept_as_lines() {
        assert_eq!(text(&[b"10 %\r20 %"]), "10 %\n20 %");
    }

    #[test]
    fn escape_sequences_vanish_even_when_cut() {
        assert_eq!(text(&[b"\x1b[2Jin", b"stall\x1b", b"[0", b"med\x1b(B!"]), "installed!");
        assert_eq!(text(&[b"Boot in 2 s.\x1b[01;01HBoot in 1 s."]), "Boot in 2 s.\nBoot in 1 s.");
        assert_eq!(text(&[b"\x1b]0;title\x07x\x1b]1;t\x1b\\y"]), "xy");
    }

    #[test]
    fn bytes_outside_ascii_do_not_break_the_search() {
        let mut transcript = Transcript::default();
        transcript.push(b"\xff\xc3ready\0!");
        assert!(transcript.advance("??ready!"));
    }

    #[test]
    fn search_goes_forward_only() {
        let mut transcript = Transcript::default();
        transcript.push(b"step 1 step 2");
        assert!(transcript.advance("step 2"));
        assert!(!transcript.advance("step 1"));
        assert!(transcript.contains("step 1"));
        transcript.push(b" step 1");
        assert!(transcript.advance("step 1"));
    }

    #[test]
    fn a_text_in_two_chunks_is_found() {
        let mut transcript = Transcript::default();
        transcript.push(b"autoinst");
        assert!(!transcript.advance("autoinstaller: "));
        transcript.push(b"aller: ");
        assert!(transcript.advance("autoinstaller: "));
    }

    #[test]
    fn tail_skips_empty_lines() {
        let mut transcript = Transcript::default();
        transcript.push(b"a\n\nb\n \nc\n");
        assert_eq!(transcript.tail(2), ["b", "c"]);
    }
}
