//! Plays a script against a machine: waits, types, and says at which step it went wrong.
//!
//! Knows no QEMU: the machine is a trait, so the rules below are tested on one made of a list.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::foreign::Foreign;
use super::hand;
use super::look::behind;
use super::page;
use super::scenario::{Console, Ssh, Step, flat};
use super::session::Session;
use super::silence::Silence;
use super::transcript::Transcript;

/// Texts that fail every scenario, but for one that expects them.
const ALWAYS_FORBIDDEN: [&str; 3] = ["Kernel panic", "panicked at", GUEST_CRASHED];

/// The guest's kernel has used memory that is not there, and goes on as if nothing had been.
pub const GUEST_CRASHED: &str = "BUG: unable to handle";

/// How long a machine that is left running is still listened to: what is forbidden may come late.
const SETTLE: Duration = Duration::from_secs(2);

/// How a run of the machine ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The guest powered it off.
    PowerOff,
    /// The guest reset it, and it was told not to go on.
    Reset,
    /// The emulator ended by itself; what it said.
    Died(String),
}

/// What a machine reports. `Ended` comes after all output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Bytes from the serial console.
    Output(Vec<u8>),
    /// Bytes from the ssh session; none are its end.
    Session(Vec<u8>),
    /// The guest reset the machine, which goes on.
    Reset,
    /// The machine is off.
    Ended(End),
    /// Nothing happened in the time given.
    Quiet,
}

/// What the engine needs from a machine.
pub trait Machine {
    /// The next event, or `Quiet` after `wait`.
    fn next(&mut self, wait: Duration) -> Event;
    /// Types the text and Enter.
    fn type_line(&mut self, console: Console, text: &str) -> Result<()>;
    /// Sends bytes from the serial line.
    fn send(&mut self, bytes: &[u8]) -> Result<()>;
    /// What a screen in text mode shows.
    fn screen(&mut self) -> Result<String>;
    /// Keeps a picture of the screen under this name.
    fn picture(&mut self, name: &str) -> Result<()>;
    /// Plugs a disk in.
    fn plug(&mut self, disk: usize) -> Result<()>;
    /// Pulls a disk that was plugged in.
    fn pull(&mut self, disk: usize) -> Result<()>;
    /// Makes a disk take no write any more, without saying so.
    fn stall(&mut self, disk: usize) -> Result<()>;
    /// Puts the cable into a network card, or pulls it.
    fn cable(&mut self, card: usize, there: bool) -> Result<()>;
    /// Pulls the stick.
    fn unplug(&mut self) -> Result<()>;
    /// Puts it back.
    fn plug_back(&mut self) -> Result<()>;
    /// Cuts the power and switches the machine on again; returns what it had still said.
    fn lose_power(&mut self) -> Result<Vec<u8>>;
    /// Presses Ctrl-Alt-Del.
    fn ctrl_alt_del(&mut self) -> Result<()>;
    /// Does something over ssh; what comes from a session are events.
    fn ssh(&mut self, what: &Ssh) -> Result<()>;
    /// The fingerprint of the host key that an ssh client was shown.
    fn fingerprint(&mut self) -> Result<String>;
}

/// Puts the names of this run into a text of the script.
pub type Fill<'a> = dyn Fn(&str) -> String + 'a;

/// Where a script stopped, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The step, as it reads in the script.
    pub phase: String,
    /// What happened instead.
    pub cause: String,
}

/// Plays the whole script, whose texts are completed by `fill`, and returns the secrets that were written down. The transcript is the
/// caller's, who shows its end when this fails.
pub fn play(script: &[Step], fill: &Fill, machine: &mut dyn Machine, transcript: &mut Transcript) -> Result<Vec<String>, Stop> {
    let script = flat(script);
    let forbidden: Vec<&str> = script
        .iter()
        .filter_map(|step| match step {
            Step::Forbid(text) => Some(*text),
            _ => None,
        })
        .chain(ALWAYS_FORBIDDEN.into_iter().filter(|text| !is_expected(&script, text)))
        .collect();
    let sent = script.iter().flat_map(|step| if let Step::Send(bytes) = step { bytes } else { &[][..] }).copied().collect();
    let foreign = Foreign::new(sent);
    let mut player = Player {
        machine,
        transcript,
        fill,
        forbidden,
        foreign,
        silence: Silence::default(),
        secrets: Vec::new(),
        resets: 0,
        end: None,
        session: Session::default(),
    };
    for step in &script {
        player.step(step).map_err(|cause| Stop { phase: fill(&step.to_string()), cause })?;
    }
    let settled = player.settle();
    let secrets = player.secrets;
    settled.and_then(|()| page::check(transcript.text())).map_err(|cause| Stop { phase: "after the last step".to_owned(), cause })?;
    Ok(secrets)
}

fn is_expected(script: &[Step], text: &str) -> bool {
    script.iter().any(|step| matches!(step, Step::Expect(expected, _) if expected.contains(text)))
}

/// A script that is being played.
pub struct Player<'a> {
    pub(super) machine: &'a mut dyn Machine,
    pub(super) transcript: &'a mut Transcript,
    pub(super) fill: &'a Fill<'a>,
    pub(super) forbidden: Vec<&'a str>,
    pub(super) foreign: Foreign,
    pub(super) silence: Silence,
    secrets: Vec<String>,
    resets: usize,
    end: Option<End>,
    /// What a person sees who is not at the machine.
    pub(super) session: Session,
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            // Forbidden texts are looked for all the time; the script is flat.
            Step::Forbid(_) | Step::Part(_) => Ok(()),
            Step::Ssh(ref what) => self.over_ssh(what),
            Step::Expect(text, seconds) => {
                let text = (self.fill)(text);
                self.wait(seconds, |player| if player.transcript.advance(&text) { Ok(true) } else { player.still_running() })
            }
            Step::ExpectAll(texts, seconds) => {
                self.wait(seconds, |player| if player.transcript.advance_all(texts) { Ok(true) } else { player.still_running() })
            }
            Step::ExpectScreen(texts, seconds) => {
                let texts: Vec<String> = texts.iter().map(|text| (self.fill)(text)).collect();
                self.watch_screen(seconds, |screen| texts.iter().all(|text| screen.contains(text)).then_some(()))
            }
            Step::WriteDown(text, seconds) => {
                let secret = self.watch_screen(seconds, |screen| behind(screen, text))?;
                self.secrets.push(secret);
                Ok(())
            }
            Step::ExpectErased(seconds) => {
                let secrets = self.secrets.clone();
                self.watch_screen(seconds, |screen| secrets.iter().all(|secret| !screen.contains(secret)).then_some(()))
            }
            Step::Wait(seconds) => self.do_nothing(Duration::from_secs(seconds)),
            Step::LosePower(seed, longest) => self.lose_power(seed, longest),
            Step::ExpectPowerOff(seconds) => {
                self.wait(seconds, |player| if player.end == Some(End::PowerOff) { Ok(true) } else { player.still_running() })
            }
            Step::ExpectReset(seconds) => self.wait(seconds, |player| {
                if player.resets > 0 {
                    player.resets -= 1;
                    return Ok(true);
                }
                player.still_on()
            }),
            ref by_hand => hand::does(self.machine, by_hand).map_err(|error| format!("{error:#}")),
        }
    }

    /// Takes events until the condition holds, fails, or the deadline has passed.
    pub(super) fn wait(&mut self, seconds: u64, done: impl Fn(&mut Self) -> Result<bool, String>) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            self.check_forbidden()?;
            if done(self)? {
                return Ok(());
            }
            // A machine that never falls silent must not put the deadline off.
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.take(left) {
                return Err(format!("nothing of the kind in {seconds} s"));
            }
        }
    }

    /// Only listens.
    pub(super) fn do_nothing(&mut self, time: Duration) -> Result<(), String> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            self.check_forbidden()?;
            self.still_running()?;
            self.take(deadline.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    /// Takes one event; false when there was none in time.
    pub(super) fn take(&mut self, wait: Duration) -> bool {
        match self.machine.next(wait) {
            Event::Output(bytes) => {
                self.silence.ends(Instant::now(), self.transcript.text());
                self.transcript.push(&bytes);
                self.foreign.push(&bytes);
            }
            Event::Session(bytes) => self.session.push(&bytes),
            Event::Reset => {
                self.resets += 1;
                self.foreign.start_over();
            }
            Event::Ended(end) => self.end = Some(end),
            Event::Quiet => return false,
        }
        true
    }

    /// `Ok(false)` while waiting makes sense: the machine is on and has not started over.
    pub(super) fn still_running(&self) -> Result<bool, String> {
        if self.resets > 0 { Err("the machine reset instead".to_owned()) } else { self.still_on() }
    }

    fn still_on(&self) -> Result<bool, String> {
        match &self.end {
            None => Ok(false),
            Some(End::PowerOff) => Err("the machine powered off instead".to_owned()),
            Some(End::Reset) => Err("the machine reset instead".to_owned()),
            Some(End::Died(cause)) => Err(format!("the emulator ended: {cause}")),
        }
    }

    fn check_forbidden(&self) -> Result<(), String> {
        match self.forbidden.iter().find(|text| self.transcript.contains(text)) {
            Some(text) => Err(format!("`{text}` appeared, which must not")),
            None => self.foreign.check().and_then(|()| self.silence.check()),
        }
    }

    fn settle(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + SETTLE;
        while self.end.is_none() && Instant::now() < deadline && self.take(deadline.saturating_duration_since(Instant::now())) {}
        self.check_forbidden()
    }
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
