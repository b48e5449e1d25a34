//! Shows the plan and asks. Nothing but the full word `yes` is consent.

use std::fs::read_to_string;

use crate::decide::Plan;
use crate::error::Result;
use crate::medium::{Medium, Verification, Verified};
use crate::pid1::console;

/// The owner's own text, shown before the plan.
const BANNER: &str = "/etc/autoinstaller/banner";

/// A plan that a person has confirmed, on a medium that is whole. Only [`consent`] makes one, and carrying it out consumes it.
#[derive(Debug)]
pub struct Confirmed {
    pub(super) plan: Plan,
    pub(super) medium: Medium,
    #[expect(dead_code, reason = "its presence is the proof")]
    verified: Verified,
}

/// What the person said.
#[derive(Debug)]
pub enum Answer {
    /// Go.
    Yes(Box<Confirmed>),
    /// Leave everything as it is.
    No,
}

/// Shows the banner and the plan on every console.
pub fn show(plan: &Plan) {
    let banner = read_to_string(BANNER).unwrap_or_default();
    banner.lines().for_each(|line| log::info!("{line}"));
    log::info!("this medium installs {} ({})", plan.host, plan.toplevel);
    plan.lines().iter().for_each(|line| log::info!("{line}"));
}

/// Asks until the answer is `yes` or `no`; withdraws the question when the medium turns out to be damaged.
///
/// # Errors
/// The medium is damaged or cannot be read.
pub fn consent(plan: Plan, medium: Medium, verification: &Verification) -> Result<Answer> {
    let question = format!("autoinstaller: type yes to erase {} and install {}, no to power off: ", plan.target.name, plan.host);
    loop {
        let answer = console::ask(&question, || verification.failed());
        match reply(answer.as_deref()) {
            Reply::Yes => {
                if !verification.finished() {
                    log::info!("waiting for the medium to be verified");
                }
                let verified = verification.result()?;
                log::info!("the medium is whole");
                return Ok(Answer::Yes(Box::new(Confirmed { plan, medium, verified })));
            }
            Reply::No => return Ok(Answer::No),
            Reply::Unclear => log::info!("please answer yes or no"),
            // The question is withdrawn only for a damaged medium, and the error says so.
            Reply::Withdrawn => verification.result().map(|_| ())?,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Yes,
    No,
    Unclear,
    Withdrawn,
}

/// To the letter: `YES` or a padded `yes` may be a slip of somebody who means another machine.
fn reply(answer: Option<&str>) -> Reply {
    match answer {
        Some("yes") => Reply::Yes,
        Some("no") => Reply::No,
        Some(_) => Reply::Unclear,
        None => Reply::Withdrawn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_is_consent() {
        assert_eq!(reply(Some("yes")), Reply::Yes);
        assert_eq!(reply(Some("no")), Reply::No);
        for text in ["", "YES", "Yes", " yes", "yes ", " yes please", "y", "NO", "yes\u{0}"] {
            assert_eq!(reply(Some(text)), Reply::Unclear, "{text:?}");
        }
        assert_eq!(reply(None), Reply::Withdrawn);
    }
}
