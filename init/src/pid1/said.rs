//! What the consoles have shown, for one that comes later: the open question is its end. Pure.

/// How many bytes are kept at least, of those that were said last: more than a screen, and what a socket takes at once.
const KEPT: usize = 32 << 10;

/// The last words.
#[derive(Debug, Default)]
pub struct Said(String);

impl Said {
    /// Nothing yet.
    pub const fn new() -> Said {
        Said(String::new())
    }

    /// Takes in what was shown on every console.
    pub fn push(&mut self, text: &str) {
        self.0.push_str(text);
        // Only now and then, since everything moves.
        if self.0.len() > 2 * KEPT {
            let old = self.0.len() - KEPT;
            let line = self.0.bytes().skip(old).position(|byte| byte == b'\n').map_or(self.0.len(), |end| old + end + 1);
            self.0.drain(..line);
        }
    }

    /// Whole lines, and perhaps a question.
    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_whole() {
        let mut said = Said::new();
        (0..20_000).for_each(|number| said.push(&format!("line {number} ä\n")));
        said.push("type yes: ");
        let lines: Vec<&str> = said.text().lines().collect();
        assert!((KEPT..2 * KEPT).contains(&said.text().len()));
        assert!(lines[0].starts_with("line ") && lines[0].ends_with(" ä"), "{}", lines[0]);
        assert_eq!(lines[lines.len() - 2..], ["line 19999 ä", "type yes: "]);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_for_ever() {
        let mut said = Said::new();
        (0..3 * KEPT).for_each(|_| said.push("ä"));
        assert!(said.text().len() <= 2 * KEPT);
    }
}
