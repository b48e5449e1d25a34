//! What the machine said, as numbers: one sample for each contender and round, and the median of each number.

use anyhow::{Context, Result, ensure};

/// What one contender took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// In milliseconds.
    pub wall: u64,
    /// Microseconds in which the guest's processors worked, its kernel's threads included.
    pub cpu: u64,
    /// Processes started.
    pub processes: u64,
    /// Bytes written to the target, what the device was told to zero included.
    pub written: u64,
}

/// Everything that was said, by round.
pub struct Findings {
    rounds: u32,
    lines: Vec<Vec<String>>,
}

impl Findings {
    /// Of this many rounds that count; there is one before them which does not.
    pub fn new(rounds: u32, lines: &[String]) -> Self {
        Self { rounds, lines: lines.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect() }
    }

    /// Medians of a contender.
    ///
    /// # Errors
    /// A round of it is missing, or a number cannot be.
    pub fn run(&self, name: &str) -> Result<Sample> {
        self.median(&["run", name], |[wall, cpu, processes, sectors]: [u64; 4]| {
            ensure!(cpu > 0 && processes > 0, "reading the findings: {name} took nothing");
            Ok(Sample { wall, cpu, processes, written: sectors * 512 })
        })
    }

    /// Medians of how long a step of a contender took, and of what was written until it ended; the other numbers are not known.
    ///
    /// # Errors
    /// A round of it is missing.
    pub fn step(&self, name: &str, step: &str) -> Result<Sample> {
        self.median(&["step", name, step], |[wall, sectors]: [u64; 2]| Ok(Sample { wall, written: sectors * 512, ..Sample::default() }))
    }

    /// Memory in KiB and passes of the key derivation.
    ///
    /// # Errors
    /// It was not said.
    pub fn cost(&self) -> Result<[u64; 2]> {
        let line = self.lines.iter().rfind(|line| line[0] == "cost").context("reading the findings: there is no cost")?;
        numbers(&line[1..])
    }

    /// Lines are a kind, a name, a round, perhaps a step, and `N` numbers.
    fn median<const N: usize>(&self, words: &[&str], sample: impl Fn([u64; N]) -> Result<Sample>) -> Result<Sample> {
        let mut samples = Vec::new();
        for line in &self.lines {
            let [kind, name, round, rest @ ..] = &line[..] else { continue };
            let Some(step) = rest.len().checked_sub(N) else { continue };
            let found: Vec<&str> = [kind, name].into_iter().chain(&rest[..step]).map(String::as_str).collect();
            if found == words && round != "0" {
                samples.push(sample(numbers(&rest[step..])?)?);
            }
        }
        let count = samples.len();
        ensure!(count == self.rounds as usize, "reading the findings: {} has {count} rounds, not {}", words.join(" "), self.rounds);
        let middle = |of: fn(&Sample) -> u64| {
            let mut values: Vec<u64> = samples.iter().map(of).collect();
            values.sort_unstable();
            values[values.len() / 2]
        };
        Ok(Sample { wall: middle(|s| s.wall), cpu: middle(|s| s.cpu), processes: middle(|s| s.processes), written: middle(|s| s.written) })
    }
}

fn numbers<const N: usize>(words: &[String]) -> Result<[u64; N]> {
    let parsed: Result<Vec<u64>, _> = words.iter().map(|word| word.parse()).collect();
    let wrong = || format!("reading the findings: {} are not {N} numbers", words.join(" "));
    parsed.ok().and_then(|numbers| numbers.try_into().ok()).with_context(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(rounds: u32, text: &str) -> Findings {
        Findings::new(rounds, &text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    const TEXT: &str = "run a 0 9000 9 9 9\nstep a 0 wipe 9 9\nrun a 1 10 300 4 2\nstep a 1 wipe 5 1\nrun a 2 30 100 4 4\nstep a 2 wipe 6 1\n\
                        run a 3 20 200 5 3\nstep a 3 wipe 7 1\nrun ab 1 1 1 1 1\ncost 65536 4";

    #[test]
    fn medians_are_of_each_number_and_without_the_first_round() {
        let found = findings(3, TEXT);
        assert_eq!(found.run("a").unwrap(), Sample { wall: 20, cpu: 200, processes: 4, written: 3 * 512 });
        assert_eq!(found.step("a", "wipe").unwrap(), Sample { wall: 6, written: 512, ..Sample::default() });
        assert_eq!(found.cost().unwrap(), [65536, 4]);
    }

    #[test]
    fn a_gap_is_an_error() {
        let error = |rounds, text, name| findings(rounds, text).run(name).unwrap_err().to_string();
        assert_eq!(error(4, TEXT, "a"), "reading the findings: run a has 3 rounds, not 4");
        assert_eq!(error(3, TEXT, "b"), "reading the findings: run b has 0 rounds, not 3");
        assert_eq!(error(1, "run a 1 10 x 4 2", "a"), "reading the findings: 10 x 4 2 are not 4 numbers");
        assert_eq!(error(1, "run a 1 10 0 4 2", "a"), "reading the findings: a took nothing");
        assert_eq!(findings(3, TEXT).step("a", "mount").unwrap_err().to_string(), "reading the findings: step a mount has 0 rounds, not 3");
    }
}
