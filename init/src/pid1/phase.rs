//! How far the installation is, for whoever has to report a failure: even a panic knows it.

use std::sync::{Mutex, PoisonError};

struct Phase {
    /// What is being done; nothing yet.
    now: String,
    /// At which mark this program panics on purpose, to show what becomes of that.
    panic_at: Option<String>,
}

static PHASE: Mutex<Phase> = Mutex::new(Phase { now: String::new(), panic_at: None });

/// From now on this is being done, and the consoles say so. `mark` is what the setting `debug.panic` calls it.
///
/// # Panics
/// If that was asked for.
pub fn begin(mark: &str, doing: &str) {
    log::info!("{doing}");
    let mut phase = PHASE.lock().unwrap_or_else(PoisonError::into_inner);
    phase.now = doing.into();
    let asked = phase.panic_at.as_deref() == Some(mark);
    drop(phase);
    assert!(!asked, "as install.debug.panic={mark} asks for");
}

/// This was being done when the program ended that this one has taken over from.
pub fn resume(doing: &str) {
    PHASE.lock().unwrap_or_else(PoisonError::into_inner).now = doing.into();
}

/// Has [`begin`] panic at this mark. Only the first time: a program that has taken over goes on.
pub fn panic_at(mark: Option<&str>) {
    let mark = mark.filter(|_| !super::is_successor());
    PHASE.lock().unwrap_or_else(PoisonError::into_inner).panic_at = mark.map(String::from);
}

/// What is being done.
pub fn now() -> String {
    PHASE.lock().unwrap_or_else(PoisonError::into_inner).now.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_lasts_until_the_next() {
        begin("looking", "looking at this machine");
        assert_eq!(now(), "looking at this machine");
        panic_at(Some("3"));
        begin("2", "step 2/9 writing the partition table");
        let panicked = std::panic::catch_unwind(|| begin("3", "step 3/9 formatting"));
        panic_at(None);
        assert_eq!(panicked.unwrap_err().downcast_ref::<String>().unwrap(), "as install.debug.panic=3 asks for");
        assert_eq!(now(), "step 3/9 formatting");
    }
}
