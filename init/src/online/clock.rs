//! The check of the clock: certificates are good from a day on, and a clock that is years behind refuses all of them.
//!
//! A clock that stands before the time of the image is wrong for certain. It is set to that time at once, which is enough for most
//! certificates, then to the time a server tells, and written to the machine's own clock. Never an error: if it matters, a certificate says so.
//!
//! A clock that is later may still be behind: a certificate that is refused makes us ask again, everybody who may know. Who answers proves
//! nothing, so the time is tried, and kept when a certificate is good with it, that is, vouches for it; otherwise it is taken back. It only
//! ever goes forward: no certificate that has expired becomes good by that.

use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::Level;
use rustix::time::{ClockId, Timespec, clock_settime};

use super::{Ground, calendar, refusal, sntp};
use crate::error::{Doing, Kind, Result};
use crate::facts::date;
use crate::pid1::children::{self, Job};

/// For a program that only talks to the kernel; a clock chip may take a second to be read.
const DEADLINE: Duration = Duration::from_secs(20);
/// Less than these seconds is no reason for a certificate to be refused.
const BEHIND: u64 = 60;

/// How a question to a server ended, and what was said.
pub type Heard = (Result<()>, Vec<String>);

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

/// Asks the server at `address`, and once more with a later time if its certificate is refused and somebody tells one.
pub fn despite(ground: &Ground, address: &str, ask: &dyn Fn() -> Heard) -> Heard {
    let (asked, mut said) = ask();
    if asked.is_ok() || !may_be_the_clock(address, &said) {
        return (asked, said);
    }
    let (was, started) = (now(), Instant::now());
    let Some((who, time)) = later(ground, address, was + BEHIND, &mut said) else { return (asked, said) };
    log::warn!("the certificate of {address} is refused; the clock says {}, {who} says {}: trying that", date::text(was), date::text(time));
    set(time);
    let (again, words) = ask();
    if again.is_ok() {
        log::info!("the clock is set to {}, as {who} says: the certificate is good with it", date::text(time));
        keep().unwrap_or_else(|error| log::warn!("{error}"));
    } else {
        set(was + started.elapsed().as_secs());
        log::warn!("the certificate is refused all the same: the clock is set back");
    }
    (again, words)
}

/// Whether a certificate was refused. Where there is none, anybody on the way may say so, and then no certificate vouches for a time.
fn may_be_the_clock(address: &str, said: &[String]) -> bool {
    address.starts_with("https://") && refusal::is_certificate(said)
}

/// Who tells a time after `than`, and which: time servers, the server itself, or a cache. What is said of the server's certificate by the
/// way is added.
fn later(ground: &Ground, address: &str, than: u64, said: &mut Vec<String>) -> Option<(String, u64)> {
    let (own, words) = calendar::ask(ground.stage2, address);
    said.extend(words);
    let time_server = sntp::first(&ground.time, than).map(|(server, time)| (server.to_string(), time));
    let later = |(who, time): (&str, Option<u64>)| Some((who.to_string(), time.filter(|time| *time > than)?));
    let caches = ground.settings.online.iter().flat_map(|online| &online.substituters).filter(|cache| calendar::is_web(cache));
    let told = caches.map(|cache| (cache.as_str(), calendar::ask(ground.stage2, cache).0));
    time_server.or_else(|| [(address, own)].into_iter().chain(told).find_map(later))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_certificate_none_vouches() {
        let said = ["SSL certificate problem: certificate is not yet valid".to_string()];
        assert!(may_be_the_clock("https://example.com/x", &said) && !may_be_the_clock("https://example.com/x", &[]));
        for address in ["http://example.com/x", "ssh://git@example.com/x", "git@example.com:x", "git://example.com/x"] {
            assert!(!may_be_the_clock(address, &said), "{address}");
        }
    }
}
