//! The first steps of a plan and no more, for the benchmark: they are the installer's own, prepared and carried out by the same code.
//!
//! Compiled with the feature `bench` alone, which the program on the medium never has: here nobody is asked.

use super::passphrase::Keys;
use super::steps::Work;
use crate::decide::{Disk, Plan, Step};
use crate::error::Result;
use crate::medium::Medium;
use crate::pid1::secret::Secret;

/// Carries the plan out until its file systems are mounted, and leaves them so. `done` is told when everything is
/// prepared, and each step that is finished.
///
/// # Errors
/// The first thing that fails; nothing after it is tried.
pub fn until_mounted(plan: &Plan, medium: &Medium, passphrase: Secret, shown: &[Disk], mut done: impl FnMut(Option<&Step>)) -> Result<()> {
    let keys = plan.container().map(|_| Keys { passphrase, recovery: None });
    let mut work = Work::prepare(plan, medium, false, keys, shown, None)?;
    done(None);
    for step in &plan.steps {
        work.step(step)?;
        done(Some(step));
        if matches!(step, Step::Mount { .. }) {
            break;
        }
    }
    Ok(())
}
