//! The boots as a table, and beside it the goals, each with what was reached.

use std::fmt;

use anyhow::{Error, Result};

use super::findings::Boot;

/// A kernel with the two initrds.
pub struct Row {
    /// What it is called.
    pub name: &'static str,
    /// The medium's own initrd, until the question.
    pub medium: Boot,
    /// One program that prints a line.
    pub floor: Boot,
    /// What others' initrds took until they had a prompt, with their bytes in memory, or why that is not known.
    pub others: Vec<(&'static str, Result<(Boot, u64)>)>,
    /// Bytes of the medium's initrd in memory.
    pub unpacked: u64,
    /// Bytes of the compressed kernel.
    pub kernel: u64,
}

/// The table and the goals.
pub struct Report {
    /// The stock kernel, then the own one.
    pub rows: Vec<Row>,
    /// Why there is no own one.
    pub own: Option<Error>,
}

/// What was to be reached: a number that is not to be exceeded.
struct Goal {
    what: String,
    reached: f64,
    most: f64,
}

impl Report {
    /// Whether all goals were reached.
    pub fn met(&self) -> bool {
        self.goals().iter().all(|goal| goal.reached <= goal.most)
    }

    fn goals(&self) -> Vec<Goal> {
        let mut goals = Vec::new();
        for (Row { name, medium, floor, unpacked, .. }, largest) in self.rows.iter().zip([25.0, 15.0]) {
            let mut goal = |what: &str, reached, most| goals.push(Goal { what: format!("{name} kernel: {what}"), reached, most });
            goal("work until the question, of the floor's", work(medium) as f64 / work(floor).max(1) as f64, 1.5);
            goal("MB of the initrd in memory", megabytes(*unpacked), largest);
            goal("MB of memory taken at the question beside the floor's", megabytes(medium.memory.saturating_sub(floor.memory)), 40.0);
        }
        let own = self.rows.iter().skip(1).map(|row| seconds(row.medium.pid1));
        goals.extend(own.map(|reached| Goal { what: "own kernel: s from power-on to PID 1".to_owned(), reached, most: 0.85 }));
        goals
    }
}

/// Instructions until the end: all time but that in which there was nothing to do.
fn work(boot: &Boot) -> u64 {
    boot.question.saturating_sub(boot.idle)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Seconds of a thousand million instructions; in brackets the share.")?;
        writeln!(
            f,
            "| boot | firmware, unpacking | kernel | drivers | disks | question | all | of that waiting | work, of the floor's | \
             initrd in memory, MB | memory taken beside the floor's, MB | modules |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|---|---|")?;
        for Row { name, medium, floor, others, unpacked, kernel } in &self.rows {
            line(f, &format!("{name} kernel"), medium, Some(*unpacked), floor)?;
            for (tool, other) in others {
                match other {
                    Ok((boot, unpacked)) => line(f, &format!("{name} kernel, {tool}"), boot, Some(*unpacked), floor)?,
                    Err(error) => writeln!(f, "| {name} kernel, {tool} | skipped: {error:#} |")?,
                }
            }
            line(f, &format!("{name} kernel, floor"), floor, None, floor)?;
            writeln!(f, "{name} kernel: {kernel} bytes")?;
        }
        if let Some(error) = &self.own {
            writeln!(f, "own kernel: skipped, and none of its goals measured: {error:#}")?;
        }
        self.goals().iter().try_for_each(|Goal { what, reached, most }| {
            writeln!(f, "{}: {what}: {reached:.2}, at most {most}", if reached <= most { "met" } else { "MISSED" })
        })
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, boot: &Boot, unpacked: Option<u64>, floor: &Boot) -> fmt::Result {
    let Boot { kernel, pid1, drivers, disks, question, idle, memory, modules } = boot;
    write!(f, "| {name} |")?;
    for (from, to) in [(&0, kernel), (kernel, pid1), (pid1, drivers), (drivers, disks), (disks, question)] {
        let took = to.saturating_sub(*from);
        // Who keeps no log does not say what it was about.
        if to == from {
            write!(f, " |")?;
        } else {
            write!(f, " {:.2} ({:.0} %) |", seconds(took), took as f64 * 100.0 / (*question).max(1) as f64)?;
        }
    }
    let unpacked = unpacked.map(|bytes| format!("{:.2}", megabytes(bytes))).unwrap_or_default();
    let (times, beside) = (work(boot) as f64 / work(floor).max(1) as f64, megabytes(memory.saturating_sub(floor.memory)));
    writeln!(f, " {:.2} | {:.2} | {times:.2} | {unpacked} | {beside:.1} | {modules} |", seconds(*question), seconds(*idle))
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(pid1: u64) -> Report {
        let second = 1_000_000_000;
        let at =
            |question, idle, memory| Boot { kernel: pid1 / 2, pid1, drivers: pid1, disks: question, question, idle, memory, modules: 3 };
        let row = |name| Row {
            name,
            medium: at(4 * second, 2 * second, 130_000_000),
            floor: at(second, 0, 100_000_000),
            others: Vec::new(),
            unpacked: 15_000_000,
            kernel: 6,
        };
        Report { rows: vec![row("stock"), row("own")], own: None }
    }

    #[test]
    fn goals_are_judged_for_each_kernel() {
        let text = report(800_000_000).to_string();
        assert!(text.contains("MISSED: stock kernel: work until the question, of the floor's: 2.00, at most 1.5\n"), "{text}");
        assert!(text.contains("met: own kernel: MB of the initrd in memory: 15.00, at most 15\n"), "{text}");
        assert!(text.contains("met: own kernel: MB of memory taken at the question beside the floor's: 30.00, at most 40\n"), "{text}");
        assert!(text.contains("met: own kernel: s from power-on to PID 1: 0.80, at most 0.85\n"), "{text}");
        assert!(report(900_000_000).to_string().contains("MISSED: own kernel: s from power-on to PID 1: 0.90, at most 0.85\n"));
        assert!(!report(1).met());
    }

    #[test]
    fn phases_have_their_share() {
        let text = report(800_000_000).to_string();
        let row = "| own kernel | 0.40 (10 %) | 0.40 (10 %) | | 3.20 (80 %) | | 4.00 | 2.00 | 2.00 | 15.00 | 30.0 | 3 |\n";
        assert!(text.contains(row), "{text}");
        assert!(!text.contains("skipped"), "{text}");
    }

    #[test]
    fn others_have_rows_or_a_reason_and_a_kernel_that_was_not_built_is_said() {
        let mut report = report(800_000_000);
        report.rows.truncate(1);
        report.own = Some(anyhow::anyhow!("it was not built"));
        let boot = report.rows[0].medium.clone();
        report.rows[0].others = vec![("a", Ok((boot, 60_000_000))), ("b", Err(anyhow::anyhow!("making it: no")))];
        let text = report.to_string();
        assert!(text.contains("| stock kernel, a | 0.40 (10 %) |") && text.contains(" | 60.00 | 30.0 | 3 |\n"), "{text}");
        assert!(text.contains("| stock kernel, b | skipped: making it: no |\n"), "{text}");
        assert!(text.contains("own kernel: skipped, and none of its goals measured: it was not built\n"), "{text}");
    }
}
