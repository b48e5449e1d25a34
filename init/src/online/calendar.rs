//! Asks web servers what day it is: each says so in every answer (RFC 9110, section 6.6.1).
//!
//! It is git that asks, since it is there, and without looking at certificates: that they are refused is why the day is asked for. What
//! comes is read for the date alone. Nothing else of it is used or kept, and nothing is given away: no key and no name.

use std::time::Duration;

use log::Level;

use crate::act::Stage2;
use crate::error::Kind;
use crate::facts::date;
use crate::pid1::children::{Job, UNKNOWN};

/// What it says of itself while it asks, without the content of answers.
const ENVIRONMENT: &[(&str, &str)] = &[("GIT_TRACE_CURL", "1"), ("GIT_TRACE_CURL_NO_DATA", "1")];
/// Only one question, to this server alone.
const BLIND: [&str; 6] = ["-c", "http.sslVerify=false", "-c", "http.followRedirects=false", "-c", "protocol.version=0"];
/// timeout(1) ends it before.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a server told, and all that was said by the way: it may tell why a certificate is refused.
pub fn ask(stage2: &Stage2, address: &str) -> (Option<u64>, Vec<String>) {
    let words = [&["20", "git"], &BLIND[..], &["ls-remote", "--", address, "HEAD"]].concat();
    let doing = format!("asking {address} for the date");
    let job = Job { program: "timeout", doing: &doing, kind: Kind::Network, deadline: DEADLINE, output: Level::Debug, so_far: UNKNOWN };
    let (_, said) = stage2.heard(&words, ENVIRONMENT, job);
    (said.iter().find_map(|line| told(line)), said)
}

/// Whether it can be asked.
pub fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

/// The date in a line about a header, whose name has letters of either case.
fn told(line: &str) -> Option<u64> {
    let (_, header) = line.split_once("Recv header: ")?;
    let (name, value) = header.split_once(':')?;
    if name.eq_ignore_ascii_case("date") { date::of_http(value) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_taken_and_no_other() {
        let line = |header: &str| format!("02:26:58.374104 http.c:872              <= Recv header: {header}");
        assert_eq!(told(&line("Date: Sat, 01 Jun 2030 12:00:00 GMT")), Some(1_906_545_600));
        assert_eq!(told(&line("date: Sat, 01 Jun 2030 12:00:00 GMT")), Some(1_906_545_600));
        assert_eq!(told(&line("Expires: Fri, 01 Jan 1980 00:00:00 GMT")), None);
        assert_eq!(told("== Info:   start date: Tue, 01 Jan 2030 00:00:00 GMT"), None);
        assert!(is_web("https://example.com") && is_web("http://10.0.2.105") && !is_web("ssh://git@example.com"));
    }
}
