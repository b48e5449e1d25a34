//! A time that a certificate vouches for.
//!
//! A clock that is not wrong for certain may still be behind: a certificate that is refused makes us ask everybody who may know. Who answers
//! proves nothing, so each time is tried, and kept when the certificate is good with it; otherwise it is taken back. But for that the clock
//! only ever goes forward: no certificate that has expired becomes good by it.

use std::time::Instant;

use super::refusal;
use crate::error::Result;
use crate::facts::date;

/// Less than these seconds is no reason for a certificate to be refused.
const BEHIND: u64 = 60;
/// How addresses begin of servers that show a certificate.
const CERTIFIED: &str = "https://";

/// How a question to a server ended, and what was said.
pub type Heard = (Result<()>, Vec<String>);
/// The time that a server tells, and what is said of its certificate by the way.
pub type Told = (Option<u64>, Vec<String>);

/// The clock, and who may know better. Times are seconds since 1970.
pub trait Around {
    /// What the clock says.
    fn now(&self) -> u64;
    /// Sets it, for as long as the machine runs.
    fn set(&self, seconds: u64);
    /// Writes what it says to the machine's own.
    fn keep(&self);
    /// What it would say if it had not been set to what nobody vouches for; `None` if it was not, or that is settled. Settles it.
    fn unvouched(&self) -> Option<u64>;
    /// Asks the server itself.
    fn own(&self, address: &str) -> Told;
    /// Who else tells a time, and which: time servers, those after `than`, and caches. Nobody is asked before the turn comes.
    fn others(&self, than: u64) -> impl Iterator<Item = (String, u64)>;
}

/// Asks the server at `address`, and again with every later time that somebody tells while its certificate is refused. Where none of
/// them helps the first answer counts.
pub fn despite(clock: &impl Around, address: &str, ask: &dyn Fn() -> Heard) -> Heard {
    let (mut asked, mut said) = ask();
    if asked.is_ok() && address.starts_with(CERTIFIED) && clock.unvouched().is_some() {
        log::info!("the certificate of {address} is good with what the time server says");
        clock.keep();
    }
    if asked.is_ok() || !may_be_the_clock(address, &said) {
        return (asked, said);
    }
    // Not to be tried again.
    let mut tried = Vec::new();
    if let Some(certain) = clock.unvouched() {
        tried.push(clock.now());
        clock.set(certain);
        log::warn!("the certificate of {address} is refused, and nothing vouches for what the time server says: the clock is set back");
        (asked, said) = ask();
        if asked.is_ok() || !may_be_the_clock(address, &said) {
            return (asked, said);
        }
    }
    let (own, words) = clock.own(address);
    // They tell more of it.
    said.extend(words);
    let (was, started, before) = (clock.now(), Instant::now(), tried.len());
    let own = own.map(|time| (address.to_string(), time));
    for (who, time) in own.into_iter().chain(clock.others(was)) {
        let then = time.saturating_sub(started.elapsed().as_secs());
        if !is_worth_trying(then, was, &tried) {
            continue;
        }
        tried.push(then);
        let [now, later] = [clock.now(), time].map(date::text);
        log::warn!("the certificate of {address} is refused; the clock says {now}, {who} says {later}: trying that");
        clock.set(time);
        let (again, words) = ask();
        if again.is_ok() {
            log::info!("the clock is set to {later}, as {who} says: the certificate is good with it");
            clock.keep();
            return (again, words);
        }
        clock.set(was + started.elapsed().as_secs());
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

#[cfg(test)]
mod tests {
    use core::cell::{Cell, RefCell};
    use core::ops::Range;

    use super::*;
    use crate::error::{Error, Kind};

    const SERVER: &str = "https://example.com/x";
    const DAY: u64 = 86_400;

    /// A clock in the middle of servers that say what they say.
    #[derive(Default)]
    struct World {
        now: Cell<u64>,
        /// Every value it was set to, and each that was written to the machine's own.
        set: RefCell<Vec<u64>>,
        kept: RefCell<Vec<u64>>,
        certain: Cell<Option<u64>>,
        own: Option<u64>,
        others: Vec<u64>,
    }

    impl Around for World {
        fn now(&self) -> u64 {
            self.now.get()
        }

        fn set(&self, seconds: u64) {
            self.now.set(seconds);
            self.set.borrow_mut().push(seconds);
        }

        fn keep(&self) {
            self.kept.borrow_mut().push(self.now());
        }

        fn unvouched(&self) -> Option<u64> {
            self.certain.take()
        }

        fn own(&self, _: &str) -> Told {
            (self.own, vec!["by the way".into()])
        }

        fn others(&self, _: u64) -> impl Iterator<Item = (String, u64)> {
            self.others.iter().map(|time| ("somebody".into(), *time))
        }
    }

    impl World {
        /// Asks a server whose certificate is good in these days; what was said is its last part.
        fn ask(&self, address: &str, good: Range<u64>) -> Option<String> {
            let refused = || Error::new(Kind::Repository, "asking", "no");
            let ask = || match good.contains(&self.now()) {
                true => (Ok(()), vec!["here it is".into()]),
                false => (Err(refused()), vec!["SSL certificate problem".into(), format!("at {}", self.now() / DAY)]),
            };
            let (asked, said) = despite(self, address, &ask);
            asked.is_err().then(|| said[1..].join(", "))
        }
    }

    fn at(day: u64) -> World {
        World { now: Cell::new(day * DAY), ..World::default() }
    }

    #[test]
    fn every_later_time_is_tried_until_the_certificate_is_good() {
        let world = World { own: Some(20 * DAY), others: vec![5 * DAY, 20 * DAY + 30, 30 * DAY, 40 * DAY], ..at(10) };
        assert_eq!(world.ask(SERVER, 25 * DAY..50 * DAY), None);
        assert_eq!(*world.set.borrow(), [20 * DAY, 10 * DAY, 30 * DAY]);
        assert_eq!(*world.kept.borrow(), [30 * DAY]);
    }

    #[test]
    fn where_no_time_helps_the_first_answer_counts_and_the_clock_is_set_back() {
        let world = World { own: Some(20 * DAY), ..at(10) };
        assert_eq!(world.ask(SERVER, 0..0).unwrap(), "at 10, by the way");
        assert_eq!((world.now() / DAY, world.kept.borrow().len()), (10, 0));
        let world = at(10);
        assert_eq!(world.ask(SERVER, 0..0).unwrap(), "at 10, by the way");
        assert!(world.set.borrow().is_empty());
    }

    #[test]
    fn where_there_is_no_certificate_none_vouches() {
        for address in ["http://example.com/x", "ssh://git@example.com/x", "git@example.com:x", "git://example.com/x"] {
            let world = World { own: Some(20 * DAY), certain: Cell::new(Some(5 * DAY)), ..at(10) };
            assert_eq!(world.ask(address, 15 * DAY..50 * DAY).unwrap(), "at 10", "{address}");
            assert_eq!(world.ask(address, 0..50 * DAY), None, "{address}");
            assert!(world.set.borrow().is_empty() && world.kept.borrow().is_empty(), "{address}");
        }
    }

    #[test]
    fn what_a_time_server_says_is_written_when_a_certificate_is_good_with_it() {
        let world = World { certain: Cell::new(Some(5 * DAY)), ..at(10) };
        assert_eq!(world.ask(SERVER, 8 * DAY..50 * DAY), None);
        assert_eq!(world.ask(SERVER, 8 * DAY..50 * DAY), None);
        assert_eq!((world.set.borrow().len(), &*world.kept.borrow()), (0, &vec![10 * DAY]));
    }

    #[test]
    fn what_a_time_server_says_is_taken_back_when_a_certificate_is_refused() {
        let world = World { certain: Cell::new(Some(5 * DAY)), ..at(1000) };
        assert_eq!(world.ask(SERVER, DAY..50 * DAY), None);
        assert_eq!((world.set.borrow().as_slice(), world.kept.borrow().len()), (&[5 * DAY][..], 0));
        // It is not tried a second time.
        let world = World { certain: Cell::new(Some(5 * DAY)), others: vec![1000 * DAY, 20 * DAY], ..at(1000) };
        assert_eq!(world.ask(SERVER, 10 * DAY..50 * DAY), None);
        assert_eq!((world.set.borrow().as_slice(), world.kept.borrow().as_slice()), (&[5 * DAY, 20 * DAY][..], &[20 * DAY][..]));
    }
}
