//! Waits for the machine to show itself: drivers find controllers, controllers find disks, some of them seconds later.

use std::time::{Duration, Instant};

use super::disks::disks;
use super::{Roots, recognise};
use crate::decide::Disks;
use crate::drivers::Drivers;
use crate::error::{Error, Kind, Result};
use crate::medium::{Manifest, Medium};
use crate::pid1::{aloud, mounts};

/// The set of disks must not change for this long before it is trusted; USB disks behind a hub come about a second apart.
const QUIET: Duration = Duration::from_secs(2);
/// How long that may take altogether. A slow stick behind a hub needs about 10 s.
const PATIENCE: Duration = Duration::from_secs(40);
/// Longest silence.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Between two looks.
const TICK: Duration = Duration::from_millis(200);

/// Looks again after a disk came or went.
///
/// # Errors
/// As [`machine`]; or the medium is not the one that was being verified any more.
pub fn again(drivers: &mut Drivers, medium: &Medium) -> Result<(Disks, Medium)> {
    log::info!("the disks have changed: looking again");
    let (disks, found) = machine(drivers)?;
    if !found.is_same(medium) {
        return Err(Error::new(Kind::Medium, "looking again", "the medium was taken out and put back: boot it again"));
    }
    Ok((disks, found))
}

/// Looks for the medium once, among the disks that there are: for the failure screen of a program that has taken over.
pub fn medium_once() {
    let found = aloud("looking for the medium", || {
        Manifest::of_this_initrd().and_then(|manifest| recognise(Roots::MACHINE, &manifest, &mut disks()?))
    });
    found.map_or_else(|error| log::debug!("{error}"), |medium| log::debug!("the medium is {}", medium.node));
}

/// Loads drivers until the set of disks is quiet and the medium we booted from is among them.
///
/// # Errors
/// The medium does not appear, a disk cannot be described, or the disks come and go without end.
pub fn machine(drivers: &mut Drivers) -> Result<(Disks, Medium)> {
    if let Err(error) = mounts::efi_variables() {
        log::warn!("{error}: the firmware's boot entries are not known");
    }
    let manifest = Manifest::of_this_initrd()?;
    let started = Instant::now();
    let (mut changed, mut heard) = (started, started);
    let mut seen = Disks::new();
    loop {
        drivers.restless();
        // A disk that is just leaving is described by less than before: a change as well.
        let listed = disks();
        match &listed {
            Ok(found) if *found == seen => {}
            Ok(found) => (seen, changed) = (found.clone(), Instant::now()),
            Err(_) => changed = Instant::now(),
        }
        let quiet = changed.elapsed().min(drivers.idle()) >= QUIET;
        let mut known = seen.clone();
        let medium = if quiet { Some(aloud("reading the disks", || recognise(Roots::MACHINE, &manifest, &mut known))) } else { None };
        match medium {
            Some(Ok(medium)) => return Ok((known, medium)),
            Some(Err(error)) if started.elapsed() > PATIENCE => return Err(error),
            None if started.elapsed() > PATIENCE => {
                listed?;
                return Err(Error::new(Kind::Disk, "waiting for the disks", "they come and go, and never stay for 2 s"));
            }
            _ => {}
        }
        if heard.elapsed() > HEARTBEAT {
            heard = Instant::now();
            log::info!("still looking for the medium, {} s, {} disks", started.elapsed().as_secs(), seen.len());
        }
        drivers.wait(TICK);
    }
}
