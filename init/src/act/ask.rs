//! Shows the plan and asks. Nothing but the full word `yes` is consent, and it is consent to the plan on the screen.

use std::time::{Duration, Instant};

use super::passphrase::{self, Keys};
use super::shown::Shown;
use super::standing;
use crate::decide::{self, Disk, Facts, Outcome, Plan};
use crate::drivers::Drivers;
use crate::error::{Error, Kind, Result};
use crate::look;
use crate::medium::{Medium, Verification, Verified};
use crate::pid1::{aloud, console};
use crate::settings::Settings;

/// How long an unattended installation waits for the disk it was told to take: the slowest disk behind a hub, with a margin.
const PATIENCE: Duration = Duration::from_secs(40);
/// Longest silence.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Between two looks.
const TICK: Duration = Duration::from_millis(500);

/// A plan that a person has confirmed, on a medium that is whole. Only [`agree`] makes one, and carrying it out consumes it.
#[derive(Debug)]
pub struct Confirmed {
    pub(super) plan: Plan,
    pub(super) medium: Medium,
    /// By `install.confirm`, which is good once.
    pub(super) in_advance: bool,
    /// Of the encrypted container, if the plan has one.
    pub(super) keys: Option<Keys>,
    #[expect(dead_code, reason = "its presence is the proof")]
    verified: Verified,
}

/// How the conversation ended.
#[derive(Debug)]
pub enum Answer {
    /// Go.
    Yes(Box<Confirmed>),
    /// Leave everything as it is.
    No,
    /// The plan was shown, and no more was wanted.
    Shown,
    /// A disk came or went: look again.
    Changed,
}

/// What has been said so far. It outlives a plan that is withdrawn because a disk came or went.
#[derive(Debug, Default)]
pub struct Talk {
    /// The disk that the person chose by its name.
    typed: Option<String>,
    /// A question was asked: from then on a person decides, and consent in advance does not come back.
    begun: bool,
    /// Why the last answer was none; said right above the next question.
    notice: Option<String>,
    /// Since when an unattended installation waits for the disk that it was told to take.
    waiting: Option<Instant>,
}

impl Talk {
    /// Nobody may be asked, and a disk that was named is not there: waits for it, but not for ever. Says whether any disk came or went.
    fn disk_came(&mut self, missing: &str, disks: &[Disk], drivers: &mut Drivers) -> bool {
        if self.waiting.is_none() {
            log::info!("{missing}: waiting {} s for it", PATIENCE.as_secs());
        }
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let mut heard = Instant::now();
        while since.elapsed() < PATIENCE {
            if heard.elapsed() > HEARTBEAT {
                heard = Instant::now();
                log::info!("still waiting for the disk, {} s", since.elapsed().as_secs());
            }
            if drivers.restless() && disks_changed(disks) {
                return true;
            }
            drivers.wait(TICK);
        }
        false
    }
}

/// Shows the plan and asks until the answer is `yes` or `no`. The name of another disk makes a new plan, for which `yes` is asked again.
/// The question is withdrawn when the medium turns out to be damaged, or when a disk comes or goes.
///
/// # Errors
/// The disk that is named cannot be erased; the medium is damaged or cannot be read; nobody may be asked, and nobody has agreed in advance.
pub fn agree(
    facts: Facts,
    settings: &Settings,
    medium: &Medium,
    verification: &Verification,
    drivers: &mut Drivers,
    talk: &mut Talk,
) -> Result<Answer> {
    // Whatever went before may have taken long, and disks come and go.
    if disks_changed(facts.disks) {
        return Ok(Answer::Changed);
    }
    let source = passphrase::Source::find(settings, medium)?;
    loop {
        let outcome = match decide::choose(facts, settings, talk.typed.as_deref()) {
            Ok(Outcome::Open(why)) if talk.typed.take().is_some() => {
                talk.notice = Some(why.cause);
                continue;
            }
            Err(error) if talk.typed.take().is_some() => {
                talk.notice = Some(error.to_string());
                continue;
            }
            outcome => outcome?,
        };
        let shown = match outcome {
            Outcome::Open(why) if settings.dry_run => return Err(why.refusal()),
            Outcome::Open(why) if settings.unattended => {
                let missing = why.awaited.then(|| why.cause.clone()).or_else(|| standing::absent(settings, facts.disks));
                return match missing {
                    Some(missing) if talk.disk_came(&missing, facts.disks, drivers) => Ok(Answer::Changed),
                    _ => Err(why.refusal()),
                };
            }
            outcome => Shown::new(outcome, facts.disks, settings, medium.manifest.carried()),
        };
        shown.print(settings, medium.manifest.carried().toplevel);
        if settings.dry_run {
            return whole(verification).map(|_| Answer::Shown);
        }
        let shown = match shown {
            Shown::Plan(plan) if !talk.begun && standing::consent(&plan, settings, facts.disks, medium) => {
                return confirmed(*plan, medium, verification, true, source);
            }
            shown => shown,
        };
        if settings.unattended {
            if let Some(missing) = standing::absent(settings, facts.disks) {
                if talk.disk_came(&missing, facts.disks, drivers) {
                    return Ok(Answer::Changed);
                }
            }
            return Err(Error::new(Kind::Choice, "asking for consent", "install.unattended forbids to ask"));
        }
        talk.begun = true;
        if let Some(notice) = talk.notice.take() {
            log::info!("{notice}");
        }
        let withdrawn = || verification.failed() || (drivers.restless() && disks_changed(facts.disks));
        let answer = console::ask(&format!("autoinstaller: {}", shown.question()), withdrawn);
        match (reply(answer.as_deref(), matches!(shown, Shown::Plan(_)), facts.disks), shown) {
            (Some(Reply::Yes), Shown::Plan(plan)) => return confirmed(*plan, medium, verification, false, source),
            (Some(Reply::No), _) => return Ok(Answer::No),
            (Some(Reply::Disk(name)), _) => talk.typed = Some(name),
            // Withdrawn for a damaged medium, which is an error, or for the disks.
            (Some(Reply::Withdrawn), _) if verification.failed() => verification.result().map(|_| ())?,
            (Some(Reply::Withdrawn), _) => return Ok(Answer::Changed),
            _ => talk.notice = Some("please answer with one of these words".into()),
        }
    }
}

fn disks_changed(shown: &[Disk]) -> bool {
    look::disks().is_ok_and(|now| super::guard::same_disks(shown, &now).is_err())
}

fn whole(verification: &Verification) -> Result<Verified> {
    if !verification.finished() {
        log::info!("waiting for the medium to be verified");
    }
    aloud("waiting for the medium to be verified", || verification.result())
}

fn confirmed(plan: Plan, medium: &Medium, verification: &Verification, in_advance: bool, source: passphrase::Source) -> Result<Answer> {
    let verified = whole(verification)?;
    log::info!("the medium is whole");
    let keys = source.keys(&plan)?;
    Ok(Answer::Yes(Box::new(Confirmed { plan, medium: medium.clone(), in_advance, keys, verified })))
}

#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Yes,
    No,
    Disk(String),
    Withdrawn,
}

/// To the letter: `YES` or a padded `yes` may be a slip of somebody who means another machine. `None` is no answer.
fn reply(answer: Option<&str>, planned: bool, disks: &[Disk]) -> Option<Reply> {
    match answer {
        None => Some(Reply::Withdrawn),
        Some("yes") if planned => Some(Reply::Yes),
        Some("no") => Some(Reply::No),
        Some(word) if decide::is_name(disks, word) => Some(Reply::Disk(word.into())),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_is_consent() {
        let disks = [Disk { name: "nvme0n1".into(), serial: "yes".into(), ..Disk::default() }];
        assert_eq!(reply(Some("yes"), true, &disks), Some(Reply::Yes));
        assert_eq!(reply(Some("no"), true, &disks), Some(Reply::No));
        for text in ["", "YES", "Yes", " yes", "yes ", " yes please", "y", "NO", "yes\u{0}", "sdz"] {
            assert_eq!(reply(Some(text), true, &disks), None, "{text:?}");
        }
        assert_eq!(reply(None, true, &disks), Some(Reply::Withdrawn));
    }

    #[test]
    fn without_a_plan_there_is_nothing_to_consent_to() {
        let disks = [Disk { name: "nvme0n1".into(), ..Disk::default() }];
        assert_eq!(reply(Some("yes"), false, &disks), None);
        assert_eq!(reply(Some("nvme0n1"), false, &disks), Some(Reply::Disk("nvme0n1".into())));
        assert_eq!(reply(Some("/dev/nvme0n1"), true, &disks), Some(Reply::Disk("/dev/nvme0n1".into())));
    }
}
