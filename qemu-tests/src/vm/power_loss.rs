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
        self.transcript.skip();
        self.silence.starts_over(self.transcript.text().len());
        self.foreign.start_over();
        Ok(())
    }
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
}
