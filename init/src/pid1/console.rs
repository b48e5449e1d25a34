//! All active consoles at once: what is said is said on each, what is typed on any of them counts.
//!
//! `/dev/console` would be the last `console=` alone, and a headless machine would wait for ever on a screen nobody sees. Whoever looks
//! on over the network has one more console, which shows first what the others have shown.

use std::fs::{File, read_to_string, write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;
use rustix::termios::tcdrain;

use super::editor::Typed;
use super::hidden::{Hidden, Refused};
use super::secret::{Secret, overwrite};
use super::table::Table;
use super::terminal::{PATIENCE, READ, Terminal};

/// How often a question looks whether it still stands.
const TICK: Duration = Duration::from_millis(200);
static CONSOLES: Mutex<Table> = Mutex::new(Table::new());

fn consoles() -> MutexGuard<'static, Table> {
    CONSOLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens every console the kernel writes to. Ones that cannot be opened are left out; the others speak for them.
pub fn open_all() {
    let active = read_to_string("/sys/class/tty/console/active").unwrap_or_else(|_| "console".into());
    let mut table = consoles();
    for name in active.split_whitespace() {
        let opened = table.open(name);
        table.terminals.extend(opened);
    }
}

/// Takes a console back from a program that had it and left it in modes of its own.
pub fn reopen(name: &str) {
    let mut table = consoles();
    let fresh = table.open(name);
    if let (Some(console), Some(fresh)) = (table.terminals.iter_mut().find(|console| console.name == name), fresh) {
        *console = fresh;
    }
}

/// Adds a console: a socket that does not block, and who has the other end of it.
pub fn attach(socket: File, viewer: Pid) {
    consoles().attach(socket, viewer);
}

/// Who looks on over the network.
pub fn viewers() -> Vec<Pid> {
    consoles().terminals.iter().filter(|terminal| !terminal.gone).filter_map(|terminal| terminal.viewer).collect()
}

/// Whether this console is somebody's who looks on over the network.
pub fn is_viewer(name: &str) -> bool {
    consoles().terminals.iter().any(|terminal| terminal.viewer.is_some() && terminal.name == name)
}

/// Hangs up on whoever looks on over the network; says whether there was anybody.
pub fn dismiss() -> bool {
    let terminals = &mut consoles().terminals;
    let before = terminals.len();
    terminals.retain(|terminal| terminal.viewer.is_none());
    terminals.len() < before
}

/// Writes text to every console; on serial lines what is not ASCII becomes a question mark.
pub fn print(text: &str) {
    consoles().print(text);
}

/// Writes to one console what the others must not show.
pub fn print_on(name: &str, text: &[u8]) {
    consoles().each(|console| {
        if console.name == name {
            console.write(text)
        }
    });
}

/// Writes text from the panic hook, which waits a second at most for whoever holds the consoles.
pub fn print_in_panic(text: &str) {
    // Whoever panicked while holding them never lets go.
    for _ in 0..100 {
        if let Ok(mut consoles) = CONSOLES.try_lock() {
            return consoles.each(|console| console.write(text.as_bytes()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    if let Some(mut console) = Terminal::open(0, "console") {
        console.write(text.as_bytes());
    }
}

/// Waits until everything said has left the machine, but not for a console that nobody reads.
pub fn drain() {
    let devices: Vec<Arc<File>> = consoles().terminals.iter().map(|console| Arc::clone(&console.device)).collect();
    let drained = std::thread::spawn(move || devices.iter().for_each(|device| tcdrain(&**device).unwrap_or_default()));
    let started = Instant::now();
    while !drained.is_finished() && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Asks on every console and returns the first full line, or `None` when `withdrawn` says that the question no longer stands.
///
/// What was typed before the question does not answer it, and half-typed lines of earlier questions are discarded. Over the network more
/// may be on its way than can be discarded: there a [lock](super::lock) keeps it from a question that was not asked before.
pub fn ask(question: &str, mut withdrawn: impl FnMut() -> bool) -> Option<String> {
    let _quiet = QuietKernel::hold();
    consoles().ask(question);
    log::debug!("waiting for an answer");
    while !withdrawn() {
        for (id, byte) in typed(TICK) {
            let mut consoles = consoles();
            let Some(console) = consoles.find(id) else { continue };
            match console.editor.feed(byte) {
                Typed::Echo(echo) => console.write(&echo),
                Typed::Line(line) => {
                    let from = console.viewer.map(|_| console.name.clone());
                    consoles.close();
                    consoles.print("\n");
                    drop(consoles);
                    // Whoever sits at the machine must not wonder.
                    from.iter().for_each(|name| log::info!("answered on {name}"));
                    return Some(line);
                }
            }
        }
    }
    consoles().withdraw();
    None
}

/// Asks for a line that nobody sees, on every console or on the one called `only`; returns it with the name of the console.
pub fn ask_hidden(question: &str, only: Option<&str>) -> (Result<Secret, Refused>, String) {
    let _quiet = QuietKernel::hold();
    forget_typed();
    print(question);
    if only.is_none() {
        consoles().wait_for(question);
    }
    let mut lines: Vec<(usize, Hidden)> = Vec::new();
    loop {
        let mut typed = typed(TICK);
        let line = typed.iter().find_map(|(id, byte)| {
            let name = consoles().find(*id).map(|console| console.name.clone())?;
            if only.is_some_and(|only| only != name) {
                return None;
            }
            // A console may have come after the question.
            let at = lines.iter().position(|(console, _)| console == id).unwrap_or_else(|| {
                lines.push((*id, Hidden::default()));
                lines.len() - 1
            });
            Some((lines.get_mut(at)?.1.feed(*byte)?, name))
        });
        overwrite(&mut typed);
        if let Some(line) = line {
            consoles().close();
            print("\n");
            return line;
        }
        if let Some(only) = only.filter(|only| consoles().terminals.iter().all(|console| console.gone || console.name != *only)) {
            print("\n");
            return (Err(Refused::Gone), only.into());
        }
    }
}

/// Waits for one of `keys` on any console; returns it with the name of the console.
pub fn key(keys: &[u8]) -> (u8, String) {
    consoles().wait_for("");
    loop {
        let pressed = typed(TICK).into_iter().find(|(_, byte)| keys.contains(byte));
        if let Some((id, byte)) = pressed {
            consoles().close();
            return (byte, consoles().find(id).map(|console| console.name.clone()).unwrap_or_default());
        }
    }
}

/// Throws away what was typed so far, half-typed lines included. To be called before the words that somebody may answer. Over the network
/// a key may still be on its way: what it does to a screen that was not there yet must be harmless.
pub fn forget_typed() {
    consoles().each(Terminal::forget_typed);
}

/// Bytes typed on any console within `patience`, with the id of the console. A console that hangs up is closed.
fn typed(patience: Duration) -> Vec<(usize, u8)> {
    let devices: Vec<(usize, Arc<File>)> = {
        let terminals = &mut consoles().terminals;
        terminals.retain(|console| !console.gone);
        terminals.iter().map(|console| (console.id, Arc::clone(&console.device))).collect()
    };
    // Others may speak, and consoles come, while this waits.
    let timeout = Timespec::try_from(patience).ok();
    let mut polled: Vec<PollFd> = devices.iter().map(|(_, device)| PollFd::new(&**device, PollFlags::IN)).collect();
    if poll(&mut polled, timeout.as_ref()).unwrap_or(0) == 0 {
        return Vec::new();
    }
    let mut consoles = consoles();
    // With room for all: a table that grows leaves copies of what may be a passphrase behind.
    let mut bytes = Vec::with_capacity(devices.len() * READ);
    for ((id, _), event) in devices.iter().zip(polled.iter().map(PollFd::revents)) {
        consoles.read(*id, event, |byte| bytes.push((*id, byte)));
    }
    bytes
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
