//! Shows the plan and asks. Nothing but the full word `yes` is consent, and it is consent to the plan on the screen.

use std::fs::read_to_string;

use super::standing;
use crate::decide::{self, Disk, Facts, Outcome, Plan};
use crate::error::{Error, Kind, Result};
use crate::look;
use crate::medium::{Medium, Verification, Verified};
use crate::pid1::console;
use crate::settings::Settings;

/// The owner's own text, shown before the plan.
const BANNER: &str = "/etc/autoinstaller/banner";

/// A plan that a person has confirmed, on a medium that is whole. Only [`agree`] makes one, and carrying it out consumes it.
#[derive(Debug)]
pub struct Confirmed {
    pub(super) plan: Plan,
    pub(super) medium: Medium,
    /// By `install.confirm`, which is good once.
    pub(super) in_advance: bool,
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
}

/// Shows the plan and asks until the answer is `yes` or `no`. The name of another disk makes a new plan, for which `yes` is asked again.
/// The question is withdrawn when the medium turns out to be damaged, or when a disk comes or goes.
///
/// # Errors
/// The disk that is named cannot be erased; the medium is damaged or cannot be read; nobody may be asked, and nobody has agreed in advance.
pub fn agree(facts: Facts, settings: &Settings, medium: &Medium, verification: &Verification, talk: &mut Talk) -> Result<Answer> {
    loop {
        let outcome = match decide::choose(facts, settings, talk.typed.as_deref()) {
            Err(error) if talk.typed.take().is_some() => {
                error.details.iter().for_each(|detail| log::info!("- {detail}"));
                log::info!("{error}");
                continue;
            }
            outcome => outcome?,
        };
        let shown = show(outcome, facts.disks, settings, medium)?;
        if settings.dry_run {
            return verification.result().map(|_| Answer::Shown);
        }
        let shown = match shown {
            Shown::Plan(plan) if !talk.begun && standing::consent(&plan, settings, facts.disks, medium) => {
                return confirmed(*plan, medium, verification, true);
            }
            shown => shown,
        };
        if settings.unattended {
            return Err(Error::new(Kind::Choice, "asking for consent", "install.unattended forbids to ask"));
        }
        talk.begun = true;
        let reply = ask(&shown, facts.disks, verification);
        match (reply, shown) {
            (Reply::Yes, Shown::Plan(plan)) => return confirmed(*plan, medium, verification, false),
            (Reply::No, _) => return Ok(Answer::No),
            (Reply::Disk(name), _) => talk.typed = Some(name),
            // Withdrawn for a damaged medium, which is an error, or for the disks.
            _ if verification.failed() => verification.result().map(|_| ())?,
            _ => return Ok(Answer::Changed),
        }
    }
}

/// What is on the consoles when the question is asked.
enum Shown {
    /// A plan to say yes to.
    Plan(Box<Plan>),
    /// The reason why there is none.
    Open(String),
}

/// Shows the banner, and the plan or why there is none, on every console. Without a person to ask, no plan is a refusal.
fn show(outcome: Outcome, disks: &[Disk], settings: &Settings, medium: &Medium) -> Result<Shown> {
    let banner = read_to_string(BANNER).unwrap_or_default();
    banner.lines().for_each(|line| log::info!("{line}"));
    let toplevel = &medium.manifest.toplevel;
    log::info!("this medium installs {} ({toplevel})", settings.target_host);
    match outcome {
        Outcome::Open(error) if settings.dry_run || settings.unattended => Err(error),
        Outcome::Open(error) => {
            error.details.iter().for_each(|detail| log::info!("- {detail}"));
            Ok(Shown::Open(error.cause))
        }
        Outcome::Target(choice) => {
            let plan = Plan::new(settings, *choice, disks, toplevel);
            plan.lines().iter().for_each(|line| log::info!("{line}"));
            Ok(Shown::Plan(Box::new(plan)))
        }
    }
}

/// Asks until there is an answer, or none is wanted any more.
fn ask(shown: &Shown, disks: &[Disk], verification: &Verification) -> Reply {
    let question = match shown {
        Shown::Plan(plan) => {
            format!("type yes to erase {} and install {}, no to power off, or the name of another disk: ", plan.target, plan.host)
        }
        Shown::Open(cause) => format!("{cause}: type the name of the disk to erase, plug one in, or no to power off: "),
    };
    loop {
        let withdrawn = || verification.failed() || disks_changed(disks);
        let answer = console::ask(&format!("autoinstaller: {question}"), withdrawn);
        match reply(answer.as_deref(), matches!(shown, Shown::Plan(_)), disks) {
            Some(reply) => return reply,
            None => log::info!("please answer with one of these words"),
        }
    }
}

fn disks_changed(shown: &[Disk]) -> bool {
    look::disks().is_ok_and(|now| super::guard::same_disks(shown, &now).is_err())
}

fn confirmed(plan: Plan, medium: &Medium, verification: &Verification, in_advance: bool) -> Result<Answer> {
    if !verification.finished() {
        log::info!("waiting for the medium to be verified");
    }
    let verified = verification.result()?;
    log::info!("the medium is whole");
    Ok(Answer::Yes(Box::new(Confirmed { plan, medium: medium.clone(), in_advance, verified })))
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
