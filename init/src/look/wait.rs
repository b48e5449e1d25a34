//! Waits for the machine to show itself: drivers find controllers, controllers find disks, some of them seconds later.

use std::time::{Duration, Instant};

use super::disks::disks;
use crate::decide::Disks;
use crate::drivers::{Loader, coldplug};
use crate::error::Result;
use crate::medium::Medium;

/// The set of disks must not change for this long before it is trusted; USB disks behind a hub come about a second apart.
const QUIET: Duration = Duration::from_secs(2);
/// How long the medium may take to appear. A slow stick behind a hub needs about 10 s.
const MEDIUM_PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const TICK: Duration = Duration::from_millis(200);

/// Loads drivers until the set of disks is quiet and the medium we booted from is among them.
///
/// # Errors
/// The medium does not appear, or a disk cannot be described.
pub fn machine(loader: &mut Loader) -> Result<(Disks, Medium)> {
    let started = Instant::now();
    let mut changed = started;
    let mut seen = Disks::new();
    loop {
        while coldplug(loader) {
            changed = Instant::now();
        }
        let found = disks()?;
        if found != seen {
            changed = Instant::now();
            seen = found;
        }
        if changed.elapsed() >= QUIET {
            let mut candidates = seen.clone();
            match Medium::find(&mut candidates) {
                Ok(medium) => return Ok((candidates, medium)),
                Err(error) if started.elapsed() > MEDIUM_PATIENCE => return Err(error),
                Err(_) => {}
            }
        }
        std::thread::sleep(TICK);
    }
}
