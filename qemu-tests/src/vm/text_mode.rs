//! The VGA text mode, which a PC that was booted by legacy BIOS is in: what a person reads on its screen, from the memory of the card.

/// Where the card's memory is. Linux keeps the first line of the screen there when it is told not to scroll by moving this address.
pub const ADDRESS: u64 = 0xb8000;
/// Cells of a line.
const COLUMNS: usize = 80;
/// Lines.
const ROWS: usize = 25;
/// Bytes of the screen: every cell is a character and a byte of colours.
pub const BYTES: usize = COLUMNS * ROWS * 2;

/// The lines of the screen. One that fills its row is taken to go on in the next.
pub fn text(memory: &[u8]) -> String {
    let mut text = String::new();
    for row in memory.chunks(COLUMNS * 2) {
        let line: String = row.chunks(2).map(|cell| printable(cell[0])).collect();
        text.push_str(line.trim_end());
        if line.ends_with(' ') {
            text.push('\n');
        }
    }
    text
}

fn printable(byte: u8) -> char {
    match byte {
        0 => ' ',
        b' '..=b'~' => char::from(byte),
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(lines: &[&str]) -> Vec<u8> {
        let rows = lines.iter().map(|line| format!("{line:COLUMNS$}"));
        rows.flat_map(String::into_bytes).flat_map(|character| [character, 7]).collect()
    }

    #[test]
    fn lines_end_where_their_text_ends() {
        assert_eq!(text(&screen(&["a b", "", "c"])), "a b\n\nc\n");
        assert_eq!(text(&[0, 7, b'x', 7, 0xdb, 7, 0, 7]), " x?\n");
    }

    #[test]
    fn a_line_that_fills_its_row_goes_on() {
        let long = "x".repeat(COLUMNS);
        assert_eq!(text(&screen(&[&long, "y"])), format!("{long}y\n"));
    }
}
