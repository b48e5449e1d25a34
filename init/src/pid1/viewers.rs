//! The way from a session of the ssh server to the consoles: a socket that only root can use, in the one directory that the initramfs
//! and stage-2 share. PID 1 is at one end; at the other is this binary in another role, once per session.

use core::net::Ipv4Addr;
use std::fs::{File, remove_file, set_permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::termios::LocalModes;

use super::secret::overwrite;
use super::{console, terminal};
use crate::error::{Doing, Kind, Result};

/// What the first argument of this binary must be to serve a session.
pub const ROLE: &str = "session";

const SOCKET: &str = "/dev/installer-console";

/// How to log in, once that is possible.
static INVITATION: Mutex<Option<Invitation>> = Mutex::new(None);

/// How to log in. Its `Display` has at most 76 columns: it stands on the page with the question.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Where.
    pub address: Ipv4Addr,
    /// By what to know that it is this machine.
    pub fingerprint: String,
}

impl std::fmt::Display for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ssh root@{}: {}", self.address, self.fingerprint)
    }
}

/// How to log in, once that is possible.
pub fn invitation() -> Option<Invitation> {
    INVITATION.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Tells everybody from now on.
pub fn invite(invitation: Invitation) {
    *INVITATION.lock().unwrap_or_else(PoisonError::into_inner) = Some(invitation);
}

/// Nobody can log in any more.
pub fn withdraw() {
    *INVITATION.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Waits for sessions from now on; each becomes a console.
///
/// # Errors
/// The kernel makes no socket.
pub fn wait() -> Result<()> {
    let doing = || format!("listening at {SOCKET}");
    // From an earlier try.
    remove_file(SOCKET).unwrap_or_default();
    let listener = UnixListener::bind(SOCKET).doing(Kind::System, doing)?;
    set_permissions(SOCKET, PermissionsExt::from_mode(0o600)).doing(Kind::System, doing)?;
    std::thread::spawn(move || {
        loop {
            match listener.accept() {
                Ok((socket, _)) => admit(socket),
                // Nobody waits for an answer, and a machine without room for one more must not spin.
                Err(_) => std::thread::sleep(Duration::from_secs(1)),
            }
        }
    });
    Ok(())
}

fn admit(socket: UnixStream) {
    if let (Ok(()), Ok(peer)) = (socket.set_nonblocking(true), socket_peercred(&socket)) {
        console::attach(File::from(OwnedFd::from(socket)), peer.pid);
    }
}

/// The role: a command that the person gave is run, by stage-2's shell. Without one the session shows the console. Returns when that ends.
pub fn serve() -> io::Result<()> {
    if let Some(command) = std::env::var_os("SSH_ORIGINAL_COMMAND").filter(|command| !command.is_empty()) {
        return Err(Command::new("/bin/sh").arg("-c").arg(command).exec());
    }
    let socket = UnixStream::connect(SOCKET)?;
    let (input, output) = (rustix::stdio::stdin(), rustix::stdio::stdout());
    // Ctrl-C stays what it is, and ends this process alone.
    terminal::undisciplined(input, LocalModes::empty());
    let mut listening = true;
    loop {
        let mut polled = [PollFd::new(&socket, PollFlags::IN), PollFd::new(&input, PollFlags::IN)];
        poll(polled.get_mut(..if listening { 2 } else { 1 }).unwrap_or_default(), None)?;
        let [from_socket, from_input] = polled.map(|polled| !polled.revents().is_empty());
        if from_socket && !pass(socket.as_fd(), output)? {
            return Ok(());
        }
        if from_input {
            // Without anybody who types, one can still look on.
            listening = pass(input, socket.as_fd())?;
        }
    }
}

/// Takes over what there is; says whether there was anything.
fn pass(from: BorrowedFd, to: BorrowedFd) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    let count = rustix::io::read(from, &mut buffer)?;
    let mut rest = buffer.get(..count).unwrap_or_default();
    while !rest.is_empty() {
        let written = rustix::io::write(to, rest)?;
        rest = rest.get(written..).unwrap_or_default();
    }
    // It may have been a passphrase.
    overwrite(&mut buffer);
    Ok(count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_fits_on_the_page_with_the_question() {
        let fingerprint = format!("SHA256:{}", "x".repeat(43));
        let longest = Invitation { address: Ipv4Addr::new(255, 255, 255, 255), fingerprint };
        assert_eq!(longest.to_string().len(), 76);
        assert!(longest.to_string().starts_with("ssh root@255.255.255.255: SHA256:x"));
    }

    #[test]
    fn bytes_pass_from_one_end_to_the_other() {
        let (mut near, far) = UnixStream::pair().unwrap();
        let (to, mut seen) = UnixStream::pair().unwrap();
        io::Write::write_all(&mut near, b"yes\r").unwrap();
        assert!(pass(far.as_fd(), to.as_fd()).unwrap());
        drop(near);
        assert!(!pass(far.as_fd(), to.as_fd()).unwrap());
        drop(to);
        let mut text = String::new();
        io::Read::read_to_string(&mut seen, &mut text).unwrap();
        assert_eq!(text, "yes\r");
    }
}
