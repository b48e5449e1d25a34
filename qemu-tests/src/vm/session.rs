//! What a script says and expects over ssh.
//!
//! Knows no ssh: the machine does what is asked of it, and reports what a session says.

use super::login::Ssh;
use super::scenario::Console;
use super::script::Player;
use super::transcript::Transcript;

/// What stands around the number that opens a session for answers.
const LOCK: (&str, &str) = ("autoinstaller: type ", " to answer from here (input is hidden): ");

/// The sessions of a run, one after the other.
#[derive(Debug, Default)]
pub struct Session {
    transcript: Transcript,
    ended: bool,
}

impl Session {
    /// Takes what was said; nothing is the end.
    pub fn push(&mut self, bytes: &[u8]) {
        self.ended |= bytes.is_empty();
        self.transcript.push(bytes);
    }

    /// The number that is to be typed now.
    fn number(&self) -> Option<String> {
        let (before, _) = self.transcript.text().rsplit_once(LOCK.1)?;
        before.rsplit_once(LOCK.0).map(|(_, number)| number.to_owned())
    }
}

impl Player<'_> {
    /// One step over ssh.
    pub fn over_ssh(&mut self, what: &Ssh) -> Result<(), String> {
        match *what {
            Ssh::Expect(text, seconds) => {
                let text = (self.fill)(text);
                self.there(&text, seconds)
            }
            Ssh::Unlock => {
                self.there(LOCK.1, what.deadline())?;
                let number = self.session.number().unwrap_or_default();
                self.machine.type_line(Console::Session, &number).map_err(|error| format!("{error:#}"))
            }
            // The machine may be off by then.
            Ssh::LoggedOut(seconds) => self.wait(seconds, |player| Ok(player.session.ended)),
            Ssh::SameKey => {
                let shown = self.machine.fingerprint().map_err(|error| format!("{error:#}"))?;
                let said = self.transcript.text().contains(&shown);
                if said { Ok(()) } else { Err(format!("the client was shown {shown}, which the machine has not said")) }
            }
            Ssh::LogIn | Ssh::Begin(_) => {
                self.session = Session::default();
                self.machine.ssh(what).map_err(|error| format!("{error:#}"))
            }
            _ => self.machine.ssh(what).map_err(|error| format!("{error:#}")),
        }
    }

    fn there(&mut self, text: &str, seconds: u64) -> Result<(), String> {
        self.wait(seconds, |player| match (player.session.transcript.advance(text), player.session.ended) {
            (true, _) => Ok(true),
            (false, true) => Err("the ssh session ended".to_owned()),
            (false, false) => Ok(false),
        })
    }
}
