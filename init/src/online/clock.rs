//! The check of the clock: certificates are good from a day on, and a clock that is years behind refuses all of them.
//!
//! A clock that stands before the time of the image is wrong for certain. It is set to that time at once, which is enough for most
//! certificates, then to the time a server tells, and written to the machine's own clock. Never an error: if it matters, a certificate says so.

use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use log::Level;
use rustix::time::{ClockId, Timespec, clock_settime};

use super::{Ground, sntp};
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
    match sntp::first(&ground.time, built) {
        Some((server, seconds)) => {
            set(seconds);
            log::info!("the clock is set to {}, as {server} says", date::text(seconds));
        }
        None => log::warn!("no time server answered: the clock stays near the time of the image"),
    }
    keep().unwrap_or_else(|error| log::warn!("{error}"));
    Ok(())
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
fn keep() -> Result<()> {
    let doing = "writing the time to the machine's clock";
    let mut command = Command::new("/bin/busybox");
    command.args(["hwclock", "--systohc", "--utc"]).env_clear();
    children::run(
        command,
        Job { program: "hwclock", doing, kind: Kind::System, deadline: DEADLINE, output: Level::Debug, so_far: children::UNKNOWN },
    )?;
    log::info!("the machine's own clock is set, too");
    Ok(())
}
