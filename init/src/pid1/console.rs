//! All active consoles at once: what is said is said on each, what is typed on any of them counts.
//!
//! `/dev/console` would be the last `console=` alone, and a headless machine would wait for ever on a screen nobody sees. The line
//! discipline is off, so that a half-typed line on one console never blocks another and can be discarded. Writes are bounded: a
//! serial line that nobody reads must not stop an installation.

use std::fs::{File, OpenOptions, read_to_string, write};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::termios::{InputModes, LocalModes, OptionalActions, QueueSelector, tcdrain, tcflush, tcgetattr, tcsetattr};

use super::editor::{Editor, Typed};
use super::hidden::{Hidden, Refused};
use super::secret::{Secret, overwrite};

/// How long a console may take to accept more output before the rest of a line is dropped.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a question looks whether it still stands.
const TICK: Duration = Duration::from_millis(200);

/// How many bytes are taken from a console at a time.
const READ: usize = 64;

struct Console {
    name: String,
    device: File,
    editor: Editor,
    /// It did not take its output in time: it is only tried, and no longer waited for.
    stalled: bool,
    /// It hung up.
    gone: bool,
}

static CONSOLES: Mutex<Vec<Console>> = Mutex::new(Vec::new());

fn consoles() -> MutexGuard<'static, Vec<Console>> {
    CONSOLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens every console the kernel writes to. Ones that cannot be opened are left out; the others speak for them.
pub fn open_all() {
    let active = read_to_string("/sys/class/tty/console/active").unwrap_or_else(|_| "console".into());
    consoles().extend(active.split_whitespace().filter_map(Console::open));
}

/// Takes a console back from a program that had it and left it in modes of its own.
pub fn reopen(name: &str) {
    let mut consoles = consoles();
    if let (Some(console), Some(fresh)) = (consoles.iter_mut().find(|console| console.name == name), Console::open(name)) {
        *console = fresh;
    }
}

/// Writes text to every console; on serial lines what is not ASCII becomes a question mark.
pub fn print(text: &str) {
    let ascii = text.replace(|c: char| !c.is_ascii(), "?");
    let on = |console: &mut Console| console.write(if console.name.starts_with("tty0") { text.as_bytes() } else { ascii.as_bytes() });
    consoles().iter_mut().for_each(on);
}

/// Writes to one console what the others must not show.
pub fn print_on(name: &str, text: &[u8]) {
    consoles().iter_mut().filter(|console| console.name == name).for_each(|console| console.write(text));
}

/// Writes text from the panic hook, which waits a second at most for whoever holds the consoles.
pub fn print_in_panic(text: &str) {
    // A question holds them for a tick at a time; whoever panicked while holding them never lets go.
    for _ in 0..100 {
        if let Ok(mut consoles) = CONSOLES.try_lock() {
            return consoles.iter_mut().for_each(|console| console.write(text.as_bytes()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    if let Some(mut console) = Console::open("console") {
        console.write(text.as_bytes());
    }
}

/// Waits until everything said has left the machine, but not for a console that nobody reads.
pub fn drain() {
    let devices: Vec<File> = consoles().iter().filter_map(|console| console.device.try_clone().ok()).collect();
    let drained = std::thread::spawn(move || devices.iter().for_each(|device| tcdrain(device).unwrap_or_default()));
    let started = Instant::now();
    while !drained.is_finished() && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Asks on every console and returns the first full line, or `None` when `withdrawn` says that the question no longer stands.
///
/// What was typed before the question does not answer it, and half-typed lines of earlier questions are discarded.
pub fn ask(question: &str, mut withdrawn: impl FnMut() -> bool) -> Option<String> {
    let _quiet = QuietKernel::hold();
    forget_typed();
    print(question);
    log::debug!("waiting for an answer");
    while !withdrawn() {
        for (index, byte) in typed(TICK) {
            let mut consoles = consoles();
            let Some(console) = consoles.get_mut(index) else { continue };
            match console.editor.feed(byte) {
                Typed::Echo(echo) => console.write(&echo),
                Typed::Line(line) => {
                    consoles.iter_mut().for_each(|console| console.write(b"\n"));
                    return Some(line);
                }
            }
        }
    }
    print("\n");
    None
}

/// Asks for a line that nobody sees, on every console or on the one called `only`; returns it with the name of the console.
pub fn ask_hidden(question: &str, only: Option<&str>) -> (Result<Secret, Refused>, String) {
    let _quiet = QuietKernel::hold();
    forget_typed();
    print(question);
    let mut lines: Vec<(String, Hidden)> = consoles().iter().map(|console| (console.name.clone(), Hidden::default())).collect();
    lines.retain(|(name, _)| only.is_none_or(|only| only == name));
    loop {
        let mut typed = typed(TICK);
        let line = typed.iter().find_map(|(index, byte)| {
            let name = consoles().get(*index).map(|console| console.name.clone())?;
            let (_, hidden) = lines.iter_mut().find(|(console, _)| *console == name)?;
            Some((hidden.feed(*byte)?, name))
        });
        overwrite(&mut typed);
        if let Some(line) = line {
            print("\n");
            return line;
        }
        if let Some(only) = only.filter(|only| consoles().iter().all(|console| console.gone || console.name != *only)) {
            print("\n");
            return (Err(Refused::Gone), only.into());
        }
    }
}

/// Waits for one of `keys` on any console; returns it with the name of the console.
pub fn key(keys: &[u8]) -> (u8, String) {
    loop {
        let pressed = typed(TICK).into_iter().find(|(_, byte)| keys.contains(byte));
        if let Some((index, byte)) = pressed {
            return (byte, consoles().get(index).map(|console| console.name.clone()).unwrap_or_default());
        }
    }
}

/// Throws away what was typed so far, half-typed lines included. To be called before the words that somebody may answer.
pub fn forget_typed() {
    for console in consoles().iter_mut() {
        console.editor = Editor::default();
        tcflush(&console.device, QueueSelector::IFlush).unwrap_or_default();
    }
}

/// Bytes typed on any console within `patience`, with the index of the console. A console that hangs up is closed.
fn typed(patience: Duration) -> Vec<(usize, u8)> {
    let mut consoles = consoles();
    // Only now, so that the indices handed out last time were good until they were used.
    consoles.retain(|console| !console.gone);
    let timeout = Timespec::try_from(patience).ok();
    let mut polled: Vec<PollFd> = consoles.iter().map(|console| PollFd::new(&console.device, PollFlags::IN)).collect();
    if poll(&mut polled, timeout.as_ref()).unwrap_or(0) == 0 {
        return Vec::new();
    }
    let events: Vec<PollFlags> = polled.iter().map(PollFd::revents).collect();
    // With room for all: a table that grows leaves copies of what may be a passphrase behind.
    let mut bytes = Vec::with_capacity(consoles.len() * READ);
    for ((index, console), event) in consoles.iter_mut().enumerate().zip(events) {
        let mut buffer = [0; READ];
        match console.device.read(&mut buffer) {
            Ok(count) if count > 0 => bytes.extend(buffer.iter().take(count).map(|byte| (index, *byte))),
            _ => console.gone = event.intersects(PollFlags::HUP | PollFlags::ERR),
        }
        overwrite(&mut buffer);
    }
    bytes
}

impl Console {
    fn open(name: &str) -> Option<Console> {
        let flags = (OFlags::NOCTTY | OFlags::NONBLOCK).bits() as i32;
        let device = OpenOptions::new().read(true).write(true).custom_flags(flags).open(format!("/dev/{name}")).ok()?;
        if let Ok(mut modes) = tcgetattr(&device) {
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
            modes.input_modes.insert(InputModes::ICRNL);
            modes.input_modes.remove(InputModes::IXON);
            tcsetattr(&device, OptionalActions::Now, &modes).unwrap_or_default();
        }
        Some(Console { name: name.into(), device, editor: Editor::default(), stalled: false, gone: false })
    }

    fn write(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            match self.device.write(text) {
                Ok(0) => return,
                Ok(count) => {
                    self.stalled = false;
                    text = text.get(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    let timeout = Timespec::try_from(if self.stalled { Duration::ZERO } else { PATIENCE }).ok();
                    if poll(&mut [PollFd::new(&self.device, PollFlags::OUT)], timeout.as_ref()) != Ok(1) {
                        self.stalled = true;
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }
}

/// Keeps the kernel's messages off the consoles while it lives: they would tear the question apart.
pub struct QuietKernel {
    before: Option<String>,
}

impl QuietKernel {
    const LEVELS: &'static str = "/proc/sys/kernel/printk";

    /// From here on.
    pub fn hold() -> QuietKernel {
        let before = read_to_string(Self::LEVELS).ok();
        write(Self::LEVELS, "1").unwrap_or_default();
        QuietKernel { before }
    }
}

impl Drop for QuietKernel {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            write(Self::LEVELS, before).unwrap_or_default();
        }
    }
}
