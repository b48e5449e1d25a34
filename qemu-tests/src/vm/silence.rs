//! No machine that installs is silent for long, unless it waits for somebody: whoever looks on would take it for dead. Pure.

use std::time::{Duration, Instant};

use super::scenario::KEYS;

/// The installer says something every ten seconds; a busy host may make that twice as long.
const LONGEST: Duration = Duration::from_secs(30);

/// Whether the installer has spoken, and when the machine did last.
#[derive(Debug, Default)]
pub struct Silence {
    since: Option<Instant>,
    /// How much was said before the power failed.
    past: usize,
    broken: Option<Duration>,
}

impl Silence {
    /// The machine says something now; `before` is all that it had said.
    pub fn ends(&mut self, now: Instant, before: &str) {
        let lasted = self.since.map(|since| now - since).filter(|_| !is_waiting(before));
        self.broken = self.broken.or(lasted.filter(|lasted| *lasted > LONGEST));
        let before = before.get(self.past..).unwrap_or_default();
        let last = before.rfind("autoinstaller: ").map(|at| &before[at..]).unwrap_or_default();
        let off = ["autoinstaller: powering off", "autoinstaller: rebooting"].iter().any(|end| last.starts_with(end));
        self.since = (!last.is_empty() && !off).then_some(now);
    }

    /// The power has failed after so much was said: until the installer speaks again nobody waits for it.
    pub fn starts_over(&mut self, past: usize) {
        (self.since, self.past) = (None, past);
    }

    /// What was wrong, if anything.
    pub fn check(&self) -> Result<(), String> {
        match self.broken {
            Some(lasted) => Err(format!("the installer was silent for {} s, and nobody knew what it waited for", lasted.as_secs())),
            None => Ok(()),
        }
    }
}

/// A question stands there, or the keys of the failure screen, or a shell.
fn is_waiting(said: &str) -> bool {
    let last = said.trim_end_matches('\n').rsplit('\n').next().unwrap_or_default();
    !said.ends_with('\n') || last.ends_with(KEYS) || last.starts_with("autoinstaller: press s for a shell")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(said: &str, seconds: u64) -> Result<(), String> {
        let (mut silence, start) = (Silence::default(), Instant::now());
        silence.ends(start, said);
        silence.ends(start + Duration::from_secs(seconds), said);
        silence.check()
    }

    #[test]
    fn a_machine_that_starts_over_takes_its_time() {
        let said = "autoinstaller: step 5/9 unpacking\n";
        let (mut silence, start) = (Silence::default(), Instant::now());
        silence.ends(start, said);
        silence.starts_over(said.len());
        for (after, more) in [(20, ""), (100, "firmware\n"), (110, "firmware\nautoinstaller: looking\n")] {
            silence.ends(start + Duration::from_secs(after), &format!("{said}{more}"));
        }
        assert_eq!(silence.check(), Ok(()));
        silence.ends(start + Duration::from_secs(150), &format!("{said}firmware\nautoinstaller: looking\n"));
        assert!(silence.check().is_err());
    }

    #[test]
    fn silence_is_broken_in_time_or_has_a_reason() {
        assert_eq!(after("autoinstaller: step 5/9 unpacking\n", 29), Ok(()));
        let wrong = "the installer was silent for 31 s, and nobody knew what it waited for";
        assert_eq!(after("autoinstaller: step 5/9 unpacking\n", 31), Err(wrong.into()));
        assert_eq!(after("autoinstaller: | a helper's line\n[   1.2] the kernel's\n", 31), Err(wrong.into()));
        for waiting in [
            "firmware\nLinux\n",
            "autoinstaller: x\nautoinstaller: type yes to erase sda: ",
            "autoinstaller: AI-07 (installation): press r to try again, s for a shell, p to power off\n",
            "autoinstaller: press s for a shell, r to start over, p to power off\n",
            "autoinstaller: powering off\n[ 3.0] reboot: Power down\n",
        ] {
            assert_eq!(after(waiting, 100), Ok(()), "{waiting}");
        }
    }
}
