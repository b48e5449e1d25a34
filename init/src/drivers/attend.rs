//! Attends to the devices that come while the installer runs: a disk behind a hub, a stick that is plugged in while a question is open.

use std::time::{Duration, Instant};

use super::coldplug::coldplug;
use super::load::Loader;
use super::uevents::Uevents;
use crate::error::Result;

/// A device is announced before everything about it can be read, and its partitions after it.
const SETTLING: Duration = Duration::from_secs(3);

/// The loader, with an ear for new devices.
pub struct Drivers {
    loader: Loader,
    uevents: Uevents,
    announced: Instant,
    loaded: Instant,
}

impl Drivers {
    /// Takes over the kernel's requests for modules and loads drivers for the devices that are there already.
    ///
    /// # Errors
    /// A table of the image is missing, or the kernel does not talk to us.
    pub fn start() -> Result<Drivers> {
        let uevents = Uevents::listen()?;
        let now = Instant::now();
        let mut drivers = Drivers { loader: Loader::start()?, uevents, announced: now, loaded: now };
        drivers.load();
        Ok(drivers)
    }

    /// Takes the modules of stage-2, which is mounted now, into account, and loads what the devices that are there want of them.
    ///
    /// # Errors
    /// A table of stage-2 is missing.
    pub fn renew(&mut self) -> Result<()> {
        self.loader.renew()?;
        self.load();
        Ok(())
    }

    /// Whether a device came, went or changed a moment ago. Its driver is loaded.
    pub fn restless(&mut self) -> bool {
        if self.uevents.heard() {
            self.announced = Instant::now();
            self.load();
        }
        self.announced.elapsed() < SETTLING
    }

    /// Sleeps until a device is announced, and no longer than `patience`.
    pub fn wait(&self, patience: Duration) {
        self.uevents.wait(patience);
    }

    /// How long ago the last module was loaded: its devices may still be coming.
    pub fn idle(&self) -> Duration {
        self.loaded.elapsed()
    }

    fn load(&mut self) {
        while coldplug(&mut self.loader) {
            self.loaded = Instant::now();
        }
    }
}
