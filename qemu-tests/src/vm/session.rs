//! What a script says and expects over ssh.
//!
//! Knows no ssh: the machine does what is asked of it, and reports what a session says.

use super::login::Ssh;
use super::script::Player;
use super::transcript::Transcript;

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
}

impl Player<'_> {
    /// One step over ssh.
    pub fn over_ssh(&mut self, what: &Ssh) -> Result<(), String> {
        match *what {
            Ssh::Expect(text, seconds) => {
                let text = (self.fill)(text);
                self.wait(seconds, |player| match (player.session.transcript.advance(&text), player.session.ended) {
                    (true, _) => Ok(true),
                    (false, true) => Err("the ssh session ended".to_owned()),
                    (false, false) => Ok(false),
                })
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
}
