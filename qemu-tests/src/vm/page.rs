//! The page that a question stands under must fit the screen that every terminal has: what has scrolled away was not read.
//!
//! Pure; holds for every scenario that asks.

/// Columns of a terminal.
const COLUMNS: usize = 80;
/// Lines of a terminal.
const LINES: usize = 24;

/// How a page begins.
const HEAD: &str = "autoinstaller: this medium installs ";
/// How every question reads: with a plan, and without.
const QUESTIONS: [&str; 2] = ["type yes to erase ", "type the name of the disk to erase"];

/// Fails for a page that is too long with its question, and for a question without a page.
pub fn check(console: &str) -> Result<(), String> {
    let mut used = None;
    for line in console.lines() {
        if line.starts_with(HEAD) {
            used = Some(0);
        }
        let question = QUESTIONS.iter().any(|text| line.contains(text));
        // What was typed stands behind the question.
        let text = if question { line.rfind(": ").map_or(line, |end| &line[..end + 2]) } else { line };
        used = used.map(|used| used + text.len().div_ceil(COLUMNS).max(1));
        match (question, used) {
            (true, None) => return Err(format!("there is no page above `{line}`")),
            (true, Some(used)) if used > LINES => return Err(format!("the page takes {used} lines of {COLUMNS} columns with `{line}`")),
            // A question that is asked again stands under a page of its own.
            (true, _) => used = None,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str = "autoinstaller: type yes to erase nvme0n1: ";

    fn page(lines: usize) -> String {
        format!("{HEAD}uv\n{}{QUESTION}", "  nvme0n1\n".repeat(lines))
    }

    #[test]
    fn a_page_and_its_question_fit_a_screen() {
        assert_eq!(check("autoinstaller: looking"), Ok(()));
        assert_eq!(check(&format!("{}no\n{}{}", page(22), page(22), "x".repeat(80))), Ok(()));
        assert!(check(&page(23)).unwrap_err().starts_with("the page takes 25 lines of 80 columns with `autoinstaller: type"));
        let long = page(20).replacen("nvme0n1", &"x".repeat(240), 1);
        assert!(check(&long).is_err());
    }

    #[test]
    fn every_question_has_a_page() {
        let again = format!("{}maybe\n{QUESTION}", page(3));
        assert_eq!(check(&again).unwrap_err(), format!("there is no page above `{QUESTION}`"));
        assert!(check("more than one disk: type the name of the disk to erase: ").is_err());
    }
}
