//! One console: a device of the machine, or the socket of somebody who looks on over the network.
//!
//! The line discipline of a device is off, so that a half-typed line on one console never blocks another and can be discarded. Writes
//! are bounded: a serial line that nobody reads must not stop an installation.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::Pid;
use rustix::termios::{InputModes, LocalModes, OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

use super::editor::Editor;
use super::lock::Lock;
use super::secret::overwrite;

/// How long a console may take to accept more output before the rest of a line is dropped.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// How many bytes are taken from a console at a time.
pub const READ: usize = 64;
/// How many are thrown away at most: a socket holds less.
const MOST_FORGOTTEN: usize = 1 << 20;

/// A console.
pub struct Terminal {
    /// Never given twice.
    pub id: usize,
    /// As the kernel calls it, or `ssh` and a number.
    pub name: String,
    /// Shared with whoever waits for input on it.
    pub device: Arc<File>,
    /// The line that is being typed.
    pub editor: Editor,
    /// The process at the other end of a socket.
    pub viewer: Option<Pid>,
    /// While there is one, nothing that is typed is an answer.
    pub lock: Option<Lock>,
    /// It did not take its output in time: it is only tried, and no longer waited for.
    stalled: bool,
    /// It hung up.
    pub gone: bool,
}

impl Terminal {
    /// A device that the kernel has as a console.
    pub fn open(id: usize, name: &str) -> Option<Terminal> {
        let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits() as i32;
        let device = OpenOptions::new().read(true).write(true).custom_flags(flags).open(format!("/dev/{name}")).ok()?;
        undisciplined(device.as_fd(), LocalModes::ISIG);
        Some(Terminal::new(id, name.into(), device, None))
    }

    /// A socket that does not block.
    pub fn new(id: usize, name: String, device: File, viewer: Option<Pid>) -> Terminal {
        Terminal { id, name, device: Arc::new(device), editor: Editor::default(), viewer, lock: None, stalled: false, gone: false }
    }

    /// Writes as much as it takes in time. A serial line that nobody reads loses text; a socket that nobody reads is hung up, and whoever
    /// comes back sees what was said last.
    pub fn write(&mut self, mut text: &[u8]) {
        while !text.is_empty() && !self.gone {
            match (&*self.device).write(text) {
                Ok(0) => return,
                Ok(count) => {
                    self.stalled = false;
                    text = text.get(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    let timeout = Timespec::try_from(if self.stalled { Duration::ZERO } else { PATIENCE }).ok();
                    if poll(&mut [PollFd::new(&*self.device, PollFlags::OUT)], timeout.as_ref()) != Ok(1) {
                        self.stalled = true;
                        self.gone = self.viewer.is_some();
                        return;
                    }
                }
                Err(_) => {
                    self.gone = self.viewer.is_some();
                    return;
                }
            }
        }
    }

    /// What was typed, given to `take` byte by byte, after an event of poll(2). With a lock nothing is, but says whether it was opened.
    pub fn read(&mut self, event: PollFlags, mut take: impl FnMut(u8)) -> bool {
        let mut buffer = [0; READ];
        let (mut opened, mut wrong) = (false, false);
        match (&*self.device).read(&mut buffer) {
            Ok(0) if self.viewer.is_some() => self.gone = true,
            Ok(count) if count > 0 => {
                for byte in buffer.iter().take(count) {
                    match self.lock.as_mut().map(|lock| lock.feed(*byte)) {
                        None => take(*byte),
                        Some(Some(true)) => {
                            self.lock = None;
                            opened = true;
                        }
                        Some(line) => wrong |= line.is_some(),
                    }
                }
            }
            _ => self.gone |= event.intersects(PollFlags::HUP | PollFlags::ERR),
        }
        overwrite(&mut buffer);
        if wrong {
            self.show_lock();
        }
        opened
    }

    /// Says what opens it, if it has a lock, on a line of its own.
    pub fn show_lock(&mut self) {
        if let Some(prompt) = self.lock.as_ref().map(Lock::prompt) {
            self.write(prompt.as_bytes());
        }
    }

    /// Throws away what was typed so far.
    pub fn forget_typed(&mut self) {
        self.editor = Editor::default();
        self.lock.iter_mut().for_each(Lock::forget_typed);
        if self.viewer.is_none() {
            return tcflush(&*self.device, QueueSelector::IFlush).unwrap_or_default();
        }
        let (mut buffer, mut forgotten) = ([0; 4096], 0);
        while let Ok(count @ 1..) = (&*self.device).read(&mut buffer) {
            forgotten += count;
            // No person types like this, and everybody waits.
            if forgotten > MOST_FORGOTTEN {
                self.gone = true;
                break;
            }
        }
        overwrite(&mut buffer);
    }

    /// Whether it shows what is not ASCII; serial terminals may take it for commands.
    pub fn is_unicode(&self) -> bool {
        self.name.starts_with("tty0") || self.viewer.is_some()
    }
}

/// Has a terminal give every byte at once and echo none; `also` is taken from it as well.
pub fn undisciplined(device: BorrowedFd, also: LocalModes) {
    if let Ok(mut modes) = tcgetattr(device) {
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | also);
        modes.input_modes.insert(InputModes::ICRNL);
        modes.input_modes.remove(InputModes::IXON);
        tcsetattr(device, OptionalActions::Now, &modes).unwrap_or_default();
    }
}
