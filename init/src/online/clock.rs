//! The check of the clock: certificates are good from a day on, and a clock that is years behind refuses all of them.
//!
//! A clock that stands before the time of the image is wrong for certain. It is set to that time at once, which is enough for most
//! certificates, and so is the machine's own. Then it is set to the time a server tells. Who answers proves nothing: only when a certificate
//! is good with it, that is, vouches for it, the machine's own follows, and when one is refused it is taken back (see [`super::vouched`]).
//! Never an error: if it matters, a certificate says so.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use log::Level;
use rustix::time::{ClockId, Timespec, clock_settime};

use super::vouched::{Around, Told};
use super::{Ground, calendar, sntp};
use crate::error::{Doing, Kind, Result};
use crate::facts::date;
use crate::pid1::children::{self, Job};

/// For a program that only talks to the kernel; a clock chip may take a second to be read.
const DEADLINE: Duration = Duration::from_secs(20);

/// Sets the clock if it is wrong for certain.
///
/// # Errors
/// None: what cannot be done is said.
pub fn check(ground: &mut Ground) -> Result<()> {
    let (now, built) = (now(), ground.medium.manifest.built);
    if now >= built {
        log::debug!("the clock says {}", date::text(now));
        return Ok(());
    }
    log::warn!("the clock says {}, before this image was made: setting it to {}", date::text(now), date::text(built));
    set(built);
    keep();
    match sntp::told(&ground.time, built).next() {
        Some((server, seconds)) => {
            ground.ahead.set(seconds.saturating_sub(self::now()));
            set(seconds);
            log::info!("the clock is set to {}, as {server} says: no certificate vouches for that yet", date::text(seconds));
        }
        None => log::warn!("no time server answered: the clock stays near the time of the image"),
    }
    Ok(())
}

impl Around for Ground<'_> {
    fn now(&self) -> u64 {
        now()
    }

    fn set(&self, seconds: u64) {
        set(seconds);
    }

    fn keep(&self) {
        keep();
    }

    fn unvouched(&self) -> Option<u64> {
        let ahead = self.ahead.take();
        // Somebody may have set the clock since.
        (ahead > 0).then(|| now().saturating_sub(ahead).max(self.medium.manifest.built))
    }

    fn own(&self, address: &str) -> Told {
        calendar::ask(self.stage2, address)
    }

    fn others(&self, than: u64) -> impl Iterator<Item = (String, u64)> {
        let servers = sntp::told(&self.time, than).map(|(server, time)| (server.to_string(), time));
        let caches = self.settings.online.iter().flat_map(|online| &online.substituters).filter(|cache| calendar::is_web(cache));
        servers.chain(caches.filter_map(|cache| Some((cache.clone(), self.own(cache).0?))))
    }
}

/// What it says, for a person.
pub fn says() -> String {
    format!("the clock says {}", date::text(now()))
}

/// Seconds since 1970, and 0 before.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

fn set(seconds: u64) {
    let time = Timespec { tv_sec: seconds.try_into().unwrap_or(i64::MAX), tv_nsec: 0 };
    let set = clock_settime(ClockId::Realtime, time).doing(Kind::System, || "setting the clock".into());
    set.unwrap_or_else(|error| log::warn!("{error}"));
}

/// Writes it to the machine's clock, which runs in UTC, as NixOS has it.
fn keep() {
    let doing = "writing the time to the machine's clock";
    let mut command = Command::new("/bin/busybox");
    command.args(["hwclock", "--systohc", "--utc"]).env_clear();
    let job = Job { program: "hwclock", doing, kind: Kind::System, deadline: DEADLINE, output: Level::Debug, so_far: children::UNKNOWN };
    match children::run(command, job) {
        Ok(()) => log::info!("the machine's own clock is set, too"),
        Err(error) => log::warn!("{error}"),
    }
}
