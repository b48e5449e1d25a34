//! What a person reads before answering, on one screen of 80 columns and 24 lines with the question on it: a question that scrolls away,
//! or a table whose top has scrolled away, is answered without having been read.
//!
//! What does not fit is left out in this order: what lies on the other disks, notes, then other disks that could never be the target.
//! The last steps of a long plan, which work on the new root alone, share lines before that. The log has all of it.

use super::choice::Loser;
use super::human;

/// The screen that every terminal has. The last column stays free: some terminals go to the next line when it is written.
const COLUMNS: usize = 79;
const LINES: usize = 24;
/// So many other disks have a line each, however long the plan is.
const OTHERS: usize = 4;
/// Lines that the last steps of a long plan share.
const SHARED: usize = 3;

/// The parts of the screen.
#[derive(Debug)]
pub struct Page<'a> {
    /// The first line.
    pub head: &'a str,
    /// The disks that are not the target.
    pub others: &'a [Loser],
    /// What may be left out.
    pub notes: &'a [String],
    /// What must be read: warnings and the target.
    pub body: &'a [String],
    /// What will be done.
    pub steps: &'a [String],
    /// What is asked below.
    pub question: &'a str,
}

impl Page<'_> {
    /// The lines above the question, none of them too long, and with the question no more than a screen.
    pub fn lines(&self) -> Vec<String> {
        // The head, the question, and two lines for what was said last, such as why an answer was none.
        let room = LINES.saturating_sub(3 + self.question.chars().count() / COLUMNS + 1);
        let long: Vec<String> = self.others.iter().flat_map(long).collect();
        let short: Vec<String> = self.others.iter().map(short).collect();
        let body = self.body(room.saturating_sub(short.len().min(OTHERS)));
        let room = room.saturating_sub(body.len());
        let notes: Vec<String> = self.notes.iter().flat_map(|note| wrap(note)).collect();
        let tables = [[long.clone(), notes.clone()].concat(), [short.clone(), notes].concat(), long, short];
        let table = tables.into_iter().find(|table| table.len() <= room).unwrap_or_else(|| self.fewer(room));
        // A line of nothing around what must be read, where there is room for it.
        let gap = if table.len() + 2 <= room { vec![String::new()] } else { Vec::new() };
        [vec![cut(self.head, COLUMNS)], table, gap.clone(), body, gap].concat()
    }

    /// What must be read, and the steps, each of them whole as long as there is room for that.
    fn body(&self, room: usize) -> Vec<String> {
        let steps = numbered(self.steps);
        let count = self.body.len() + steps.len();
        let mut spare = room.saturating_sub(count);
        let mut lines: Vec<String> = Vec::new();
        for line in self.body.iter().chain(&steps) {
            let whole = wrap(line);
            let more = whole.len().saturating_sub(1);
            if more <= spare {
                spare -= more;
                lines.extend(whole);
            } else {
                lines.push(cut(line, COLUMNS));
            }
        }
        if count > room {
            // The first steps are those that destroy.
            let own = room.saturating_sub(self.body.len() + SHARED).min(self.steps.len());
            let rest = self.steps.get(own..).unwrap_or_default().join("; ");
            let (first, last) = (own + 1, self.steps.len());
            let mut shared = wrap(&format!("plan {first}-{last}/{last}: {rest}"));
            if shared.len() > SHARED {
                shared.truncate(SHARED);
                shared.iter_mut().skip(SHARED - 1).for_each(|line| *line = cut(&format!("{line}{:COLUMNS$}", ""), COLUMNS));
            }
            lines.truncate(self.body.len() + own);
            lines.extend(shared);
        }
        lines
    }

    /// As many of the other disks as fit, those that could be the target first.
    fn fewer(&self, room: usize) -> Vec<String> {
        let fit = room.saturating_sub(1);
        let (possible, never): (Vec<&Loser>, Vec<&Loser>) = self.others.iter().partition(|loser| loser.possible);
        let mut lines: Vec<String> = possible.into_iter().chain(never).take(fit).map(short).collect();
        lines.push(format!("  and {} more disks, which the log describes", self.others.len().saturating_sub(fit)));
        lines
    }
}

/// The steps with their places in the plan.
pub fn numbered(steps: &[String]) -> Vec<String> {
    (1..).zip(steps).map(|(number, step)| format!("plan {number}/{}: {step}", steps.len())).collect()
}

/// A row of the table, and below it what is on the disk and why it is not the target.
fn long(loser: &Loser) -> [String; 2] {
    let Loser { disk, why, .. } = loser;
    let row = format!(
        "  {:<9} {:>10}  {:<6} {:<24} {}",
        disk.name,
        human(disk.bytes),
        disk.transport.to_string(),
        cut(&disk.model, 24),
        disk.serial
    );
    let indent = 6;
    let room = COLUMNS.saturating_sub(indent + why.len() + 2);
    // The reason is short and counts more.
    let on_it = if room < 12 { String::new() } else { format!("{}; ", cut(&disk.summary(), room)) };
    [cut(&row, COLUMNS), cut(&format!("{:indent$}{on_it}{why}", ""), COLUMNS)]
}

fn short(loser: &Loser) -> String {
    let Loser { disk, why, .. } = loser;
    let room = COLUMNS.saturating_sub(26 + why.len());
    let model = if room < 6 { String::new() } else { format!("{} ", cut(&disk.model, room.min(24))) };
    cut(&format!("  {:<9} {:>10}  {model}{why}", disk.name, human(disk.bytes)), COLUMNS)
}

/// The text, or as much of it as fits, marked as cut.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.into();
    }
    text.chars().take(columns.saturating_sub(3)).chain("...".chars()).collect()
}

/// The text on as many lines as it needs, broken between words.
fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if line.chars().count() + word.trim_end().chars().count() > COLUMNS {
            lines.push(std::mem::replace(&mut line, "    ".into()));
        }
        line += word;
    }
    lines.push(line);
    lines.iter().map(|line| cut(line.trim_end(), COLUMNS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Disk, Transport};
    use crate::facts::superblock::Hint;

    const QUESTION: &str = "autoinstaller: type yes to erase nvme0n1 (Samsung SSD 990 PRO with Heatsink 4TB, serial S7DSNJ0WA12345Y, 3.6 TiB, nvme) and install ultraviolet, no to power off, or the name of another disk: ";

    fn loser(number: usize, possible: bool) -> Loser {
        let disk = Disk {
            name: format!("sd{number}"),
            bytes: 8 << 40,
            model: "A model name of forty characters, padded".into(),
            serial: "S".repeat(30),
            transport: Transport::Ata,
            contents: vec![Hint { kind: "ext4", label: "A-LONG-LABEL".into() }; 12],
            ..Disk::default()
        };
        let why = if possible { "it could be, but nvme0n1 is taken" } else { "it is attached by USB; it must be named" };
        Loser { disk, why: why.into(), possible }
    }

    fn page(others: &[Loser], notes: usize, steps: usize) -> Vec<String> {
        let line = |text: &str| text.repeat(30);
        let (notes, steps) = (vec![line("note "); notes], vec![line("step "); steps]);
        let body: Vec<String> = ["warning", "warning", "invitation", "> target", "  chosen", "  partitions"].map(line).into();
        Page { head: &line("head "), others, notes: &notes, body: &body, steps: &steps, question: QUESTION }.lines()
    }

    #[test]
    fn whatever_there_is_fits_on_a_screen_with_its_question() {
        let question = QUESTION.len().div_ceil(80);
        for disks in [0, 1, 2, 3, 5, 8, 20, 64] {
            for (notes, steps) in [(0, 1), (0, 10), (3, 13), (40, 19)] {
                let others: Vec<Loser> = (0..disks).map(|number| loser(number, number % 3 == 0)).collect();
                let lines = page(&others, notes, steps);
                assert!(lines.len() + question < 24, "{disks} disks, {steps} steps: {} lines", lines.len());
                assert!(lines.iter().all(|line| line.chars().count() < 80));
                // The first steps, which destroy, and the target have lines of their own, and so have some of the other disks.
                assert!(lines.iter().any(|line| line.starts_with("> target")));
                assert!((1..=steps.min(4)).all(|step| lines.iter().any(|line| line.starts_with(&format!("plan {step}/{steps}: ")))));
                assert!(lines.iter().filter(|line| line.starts_with("  sd")).count() >= disks.min(OTHERS - 1), "{lines:?}");
            }
        }
    }

    #[test]
    fn a_disk_has_a_row_and_a_reason() {
        let (others, notes) = ([loser(1, false)], ["note ".repeat(30)]);
        let lines = Page { head: "head", others: &others, notes: &notes, body: &[], steps: &[], question: QUESTION }.lines();
        assert_eq!(lines[1], "  sd1          8.0 TiB  sata   A model name of forty... SSSSSSSSSSSSSSSSSSSS...");
        assert_eq!(lines[2], "      no partition table: ext4 A-LO...; it is attached by USB; it must be named");
        assert!(lines[3].starts_with("note"));
    }

    #[test]
    fn what_must_be_read_is_whole_where_there_is_room() {
        let body = [format!("plan 2/10: {}", "UV-ROOT 12.9 GiB, ".repeat(6))];
        let lines = Page { head: "head", others: &[], notes: &[], body: &body, steps: &[], question: QUESTION }.lines();
        assert_eq!((lines.len(), lines[1].as_str(), lines[4].as_str()), (5, "", ""));
        assert!(lines[2].starts_with("plan 2/10: UV-ROOT") && lines[3].starts_with("    ") && lines[3].ends_with("UV-ROOT 12.9 GiB,"));
        assert_eq!(wrap(&"x".repeat(100)).last().map(|line| line.len()), Some(79));
    }

    #[test]
    fn a_long_step_is_whole_where_there_is_room_for_one() {
        let steps = ["placing /a, ".repeat(12), "placing /b, ".repeat(100), "running nixos-install".to_string()];
        let lines = Page { head: "head", others: &[], notes: &[], body: &[], steps: &steps, question: QUESTION }.lines();
        assert_eq!(lines.iter().map(|line| line.matches("/a,").count()).sum::<usize>(), 12);
        assert!(lines.iter().any(|line| line.starts_with("plan 2/3: placing /b") && line.ends_with("...")), "{lines:?}");
        assert!(lines.iter().any(|line| line == "plan 3/3: running nixos-install"));
    }

    #[test]
    fn the_last_steps_of_a_long_plan_share_lines() {
        let steps: Vec<String> = (1..=19).map(|number| format!("doing number {number}")).collect();
        let lines = Page { head: "head", others: &[], notes: &[], body: &[], steps: &steps, question: QUESTION }.lines();
        assert_eq!(lines[15], "plan 15/19: doing number 15");
        assert_eq!(lines[16], "plan 16-19/19: doing number 16; doing number 17; doing number 18; doing number");
        assert_eq!(lines[17], "    19");
        assert_eq!(lines.len(), 18);
    }

    #[test]
    fn those_that_could_be_the_target_are_named_before_those_that_never_could() {
        let others: Vec<Loser> = (0..30).map(|number| loser(number, number == 29)).collect();
        let lines = page(&others, 0, 13);
        assert!(lines[1].starts_with("  sd29 ") && lines[1].ends_with("it could be, but nvme0n1 is taken"), "{}", lines[1]);
        assert!(lines.iter().any(|line| line.starts_with("  and ") && line.ends_with(" more disks, which the log describes")));
    }
}
