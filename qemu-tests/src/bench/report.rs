//! Medians as a table, and beside it the goals, each with what was reached.

use std::fmt;

use anyhow::Result;

use super::findings::{Findings, Sample};

/// Contenders by the names that the machine knows them by, and what to call them.
const CONTENDERS: [(&str, &str); 5] = [
    ("apply", "this installer"),
    ("plain", "script: sgdisk, mkfs, mount"),
    ("disko", "commands and waits of disko"),
    ("repart", "systemd-repart 257, mount"),
    ("repart-keep", "the same, `--discard=no`"),
];

/// The table and the goals.
pub struct Report {
    rows: Vec<(&'static str, Sample)>,
    /// Wiping: the first step of ours, also part of the first row.
    zeroing: Sample,
    luks: Luks,
}

/// Of the encrypted root.
struct Luks {
    /// Milliseconds to make the container and to open it.
    container: u64,
    /// Milliseconds of one key derivation of the same cost.
    derivation: u64,
    /// Of the derivation, in KiB.
    memory: u64,
    passes: u64,
}

/// What was to be reached: a ratio or a number that is not to be exceeded.
struct Goal {
    what: &'static str,
    reached: f64,
    most: f64,
}

impl Goal {
    fn met(&self) -> bool {
        self.reached <= self.most
    }
}

impl Report {
    /// Of what the machine said.
    ///
    /// # Errors
    /// A contender or a round is missing.
    pub fn of(findings: &Findings) -> Result<Report> {
        let rows = CONTENDERS.iter().map(|(name, title)| Ok((*title, findings.run(name)?))).collect::<Result<_>>()?;
        let [memory, passes] = findings.cost()?;
        let luks = Luks { container: findings.step("luks", "encrypt")?.wall, derivation: findings.run("kdf")?.wall, memory, passes };
        Ok(Report { rows, zeroing: findings.step("apply", "wipe")?, luks })
    }

    /// Whether all goals were reached.
    pub fn met(&self) -> bool {
        self.goals().iter().all(Goal::met)
    }

    fn goals(&self) -> Vec<Goal> {
        let [(_, ours), (_, plain), (_, disko), (_, repart), _] = &self.rows[..] else { return Vec::new() };
        let ratio = |a: u64, b: u64| a as f64 / b.max(1) as f64;
        let goal = |what, reached, most| Goal { what, reached, most };
        vec![
            goal("wall clock of the plain script's", ratio(ours.wall, plain.wall), 0.7),
            goal("wall clock of disko's", ratio(ours.wall, disko.wall), 0.5),
            goal("wall clock of systemd-repart's", ratio(ours.wall, repart.wall), 0.1),
            goal("guest CPU of disko's", ratio(ours.cpu, disko.cpu), 0.2),
            goal("processes started", ours.processes as f64, 4.0),
            goal("MB written beside the zeroing", megabytes(ours.written.saturating_sub(self.zeroing.written)), 15.0),
            goal("LUKS2 made and opened, of one key derivation", ratio(self.luks.container, self.luks.derivation), 2.2),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| contender | wall, s | guest CPU, s | processes | written, MB |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for (index, (title, sample)) in self.rows.iter().enumerate() {
            let (zeroed, own) = if index == 0 { (self.zeroing.written, " beside the zeroing") } else { (0, "") };
            let written = megabytes(sample.written.saturating_sub(zeroed));
            let Sample { wall, cpu, processes, .. } = sample;
            writeln!(f, "| {title} | {:.2} | {:.2} | {processes} | {written:.1}{own} |", seconds(*wall), *cpu as f64 / 1e6)?;
            if index == 0 {
                let Sample { wall, written, .. } = self.zeroing;
                writeln!(f, "| of which discarding all and zeroing the ends | {:.2} | | 0 | {:.1} |", seconds(wall), megabytes(written))?;
            }
        }
        let Luks { container, derivation, memory, passes } = self.luks;
        writeln!(
            f,
            "LUKS2 made and opened: {:.2} s; one argon2id of {} MiB, {passes} passes, one lane: {:.2} s",
            seconds(container),
            memory / 1024,
            seconds(derivation)
        )?;
        self.goals().iter().try_for_each(|goal| {
            let Goal { what, reached, most } = goal;
            writeln!(f, "{}: {what}: {reached:.2}, at most {most}", if goal.met() { "met" } else { "MISSED" })
        })
    }
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1e3
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(ours: u64) -> Report {
        let text = format!(
            "run apply 1 {ours} 100000 4 30000\nstep apply 1 wipe 20 20000\nrun plain 1 200 1 9 1\nrun disko 1 2000 1000000 60 1\n\
             run repart 1 2000 1 9 1\nrun repart-keep 1 1 1 9 1\nstep luks 1 encrypt 2000 1\n\
             run kdf 1 1000 1 1 0\ncost 65536 4"
        );
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        Report::of(&Findings::new(1, &lines)).unwrap()
    }

    #[test]
    fn a_goal_that_is_missed_is_named() {
        let (good, bad) = (report(100), report(150));
        assert!(good.met() && !good.to_string().contains("MISSED"), "{good}");
        assert!(!bad.met());
        assert!(bad.to_string().contains("MISSED: wall clock of the plain script's: 0.75, at most 0.7\n"), "{bad}");
    }

    #[test]
    fn the_zeroing_is_a_row_of_its_own() {
        let text = report(100).to_string();
        assert!(text.contains("| this installer | 0.10 | 0.10 | 4 | 5.1 beside the zeroing |\n"), "{text}");
        assert!(text.contains("| of which discarding all and zeroing the ends | 0.02 | | 0 | 10.2 |\n"), "{text}");
    }
}
