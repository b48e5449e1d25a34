//! The power fails in the middle of a script: the emulator is killed, which asks the guest nothing, and started again with the same disks.
//!
//! What the guest has written is in the files by then, flushed or not, since the emulator keeps no writes of its own: only what is under
//! way and what the guest's kernel still holds back is lost. `cargo xtask power-cut` tries disks that lose more.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::script::Player;

impl Player<'_> {
    /// Waits for the moment, and cuts the power of a machine that is on by then.
    pub fn lose_power(&mut self, seed: u64, longest: u64) -> Result<(), String> {
        self.do_nothing(Duration::from_millis(moment(seed, longest)))?;
        self.still_running()?;
        let last_words = self.machine.lose_power().map_err(|error| format!("{error:#}"))?;
        self.transcript.push(&last_words);
        // A line that was cut ends here.
        self.transcript.push(b"\n");
        let too_late = ends_a_step(self.transcript.skip());
        self.silence.starts_over(self.transcript.text().len());
        self.foreign.start_over();
        match too_late {
            Some(line) => Err(format!("the power failed only after `{line}`: the row proves nothing about the step before")),
            None => Ok(()),
        }
    }
}

/// The line that ends the step which the power was to fail in, if it was said, or the beginning of it.
fn ends_a_step(said: &str) -> Option<String> {
    const ENDS: [&str; 2] = ["autoinstaller: step ", "autoinstaller: installed "];
    let ends = |line: &&str| ENDS.iter().any(|end| line.contains(end));
    // It may be cut anywhere.
    let begins = |line: &&str| !line.is_empty() && ENDS.iter().any(|end| end.starts_with(line));
    said.lines().find(ends).or(said.lines().last().filter(begins)).map(str::to_owned)
}

/// Milliseconds, the same for the same seed.
fn moment(seed: u64, longest: u64) -> u64 {
    let digest = Sha256::digest(seed.to_le_bytes());
    let drawn = digest.iter().take(7).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    drawn % (longest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_one_moment_within_the_bound_and_others_have_others() {
        let moments: Vec<u64> = (1..=10).map(|seed| moment(seed, 1000)).collect();
        assert_eq!(moments, (1..=10).map(|seed| moment(seed, 1000)).collect::<Vec<u64>>());
        assert!(moments.iter().all(|moment| *moment <= 1000));
        assert!(moments.iter().min() < Some(&300) && moments.iter().max() > Some(&700), "{moments:?}");
        assert_eq!(moment(7, 0), 0);
    }

    #[test]
    fn a_step_ends_with_the_next_one_or_with_the_installation() {
        assert_eq!(ends_a_step(" signatures from nvme0n1\nautoinstaller: still wiping\n[   12.1] EXT4"), None);
        for next in ["autoinstaller: step 2/", "autoinstaller: ste", "a"] {
            assert_eq!(ends_a_step(&format!(" signatures from nvme0n1\n{next}")).as_deref(), Some(next));
        }
        assert!(ends_a_step("autoinstaller: installed ultraviolet on nvme0n1\n").is_some());
    }
}
