//! The check of the clock: certificates are good from a day on, and a clock that is years behind refuses all of them.
//!
//! A clock that stands before the time of the image is wrong for certain. It is set to that time at once, which is enough for most
//! certificates, and so is the machine's own. Then it is set to the time a server tells. Who answers proves nothing: only when a certificate
//! is good with it, that is, vouches for it, the machine's own follows, and when one is refused it is taken back. Never an error: if it
//! matters, a certificate says so.
//!
//! A clock that is later may still be behind: a certificate that is refused makes us ask again, everybody who may know. Each time is tried,
//! and kept when the certificate vouches for it; otherwise it is taken back. But for that the clock only ever goes forward: no
//! certificate that has expired becomes good by it.

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
/// How addresses begin of servers that show a certificate.
const CERTIFIED: &str = "https://";

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

/// Asks the server at `address`, and again with every later time that somebody tells while its certificate is refused. Where none of
/// them helps the first answer counts.
pub fn despite(ground: &Ground, address: &str, ask: &dyn Fn() -> Heard) -> Heard {
    let (mut asked, mut said) = ask();
    if asked.is_ok() && address.starts_with(CERTIFIED) && ground.ahead.take() > 0 {
        log::info!("the certificate of {address} is good with what the time server says");
        keep();
    }
    if asked.is_ok() || !may_be_the_clock(address, &said) {
        return (asked, said);
    }
    let (ahead, mut tried) = (ground.ahead.take(), Vec::new());
    if ahead > 0 {
        // Not to be tried again.
        tried.push(now());
        set(now().saturating_sub(ahead).max(ground.medium.manifest.built));
        log::warn!("the certificate of {address} is refused, and nothing vouches for what the time server says: {} again", says());
        (asked, said) = ask();
        if asked.is_ok() || !may_be_the_clock(address, &said) {
            return (asked, said);
        }
    }
    // What is said of the certificate by the way tells more.
    let (own, words) = calendar::ask(ground.stage2, address);
    said.extend(words);
    let (was, started, before) = (now(), Instant::now(), tried.len());
    let own = own.map(|time| (address.to_string(), time));
    for (who, time) in own.into_iter().chain(others(ground, was)) {
        let then = time.saturating_sub(started.elapsed().as_secs());
        if !is_worth_trying(then, was, &tried) {
            continue;
        }
        tried.push(then);
        log::warn!("the certificate of {address} is refused; {}, {who} says {}: trying that", says(), date::text(time));
        set(time);
        let (again, words) = ask();
        if again.is_ok() {
            log::info!("the clock is set to {}, as {who} says: the certificate is good with it", date::text(time));
            keep();
            return (again, words);
        }
        set(was + started.elapsed().as_secs());
        log::warn!("the certificate is refused all the same: the clock is set back");
    }
    if tried.len() == before && refusal::meaning(&said) == Some(refusal::CLOCK) {
        log::warn!("nobody who was asked tells a later time");
    }
    (asked, said)
}

/// Whether a certificate was refused. Where there is none, anybody on the way may say so, and then no certificate vouches for a time.
fn may_be_the_clock(address: &str, said: &[String]) -> bool {
    address.starts_with(CERTIFIED) && refusal::is_certificate(said)
}

/// Whether a time is later than `was`, and none that was tried already.
fn is_worth_trying(time: u64, was: u64, tried: &[u64]) -> bool {
    time > was + BEHIND && tried.iter().all(|other| other.abs_diff(time) > BEHIND)
}

/// Who else may tell a time, and which: time servers, those after `than`, and the caches. Nobody is asked before it is his turn.
fn others<'a>(ground: &'a Ground, than: u64) -> impl Iterator<Item = (String, u64)> + 'a {
    let servers = sntp::told(&ground.time, than).map(|(server, time)| (server.to_string(), time));
    let caches = ground.settings.online.iter().flat_map(|online| &online.substituters).filter(|cache| calendar::is_web(cache));
    servers.chain(caches.filter_map(|cache| Some((cache.clone(), calendar::ask(ground.stage2, cache).0?))))
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

    #[test]
    fn every_later_time_is_tried_once() {
        let (was, hour) = (1_800_000_000, 3600);
        assert!(is_worth_trying(was + hour, was, &[]) && is_worth_trying(was + 2 * hour, was, &[was + hour]));
        for (time, tried) in [(was, &[][..]), (was - hour, &[]), (was + 30, &[]), (was + hour + 30, &[was + 2 * hour, was + hour])] {
            assert!(!is_worth_trying(time, was, tried), "{time}");
        }
    }
}
