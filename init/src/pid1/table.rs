//! The consoles there are. Ids and names are never given twice, so that a key pressed on one is never taken for another's.

use std::fs::File;

use rustix::event::PollFlags;
use rustix::process::Pid;
use rustix::rand::{GetRandomFlags, getrandom};

use super::lock::Lock;
use super::said::Said;
use super::terminal::Terminal;

/// How many may look on over the network at a time.
const MOST_VIEWERS: usize = 8;

/// The consoles.
pub struct Table {
    /// In the order in which they came.
    pub terminals: Vec<Terminal>,
    /// How many there ever were, and how many of them over the network.
    count: usize,
    viewers: usize,
    said: Said,
    /// What is asked now.
    open: Option<String>,
    /// The last question that a word answers. Who has typed a number may answer this one and what comes of it.
    question: String,
    /// The place of the last lock in the row of all.
    locks: usize,
}

impl Table {
    /// None yet.
    pub const fn new() -> Table {
        Table { terminals: Vec::new(), count: 0, viewers: 0, said: Said::new(), open: None, question: String::new(), locks: 0 }
    }

    /// Opens a device that the kernel has as a console.
    pub fn open(&mut self, name: &str) -> Option<Terminal> {
        self.count += 1;
        Terminal::open(self.count, name)
    }

    /// Does it with each.
    pub fn each(&mut self, act: impl FnMut(&mut Terminal)) {
        self.terminals.iter_mut().for_each(act);
    }

    /// The one with this id, if it is still there.
    pub fn find(&mut self, id: usize) -> Option<&mut Terminal> {
        self.terminals.iter_mut().find(|terminal| terminal.id == id)
    }

    /// Asks a question that a word answers. Unless it is the last one once more, viewers type a number before they answer it.
    pub fn ask(&mut self, question: &str) {
        self.each(Terminal::forget_typed);
        if self.question != question {
            self.question = question.into();
            let Table { terminals, locks, .. } = self;
            terminals.iter_mut().filter(|terminal| terminal.viewer.is_some()).for_each(|viewer| viewer.lock = Some(next(locks)));
        }
        self.print(question);
        self.wait_for(question);
    }

    /// From here on an answer is waited for; `question` is on the consoles already.
    pub fn wait_for(&mut self, question: &str) {
        self.open = Some(question.into());
        self.each(Terminal::show_lock);
    }

    /// The question was answered.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// The question no longer stands, and asked once more it is about something else.
    pub fn withdraw(&mut self) {
        self.close();
        self.question.clear();
        self.print("\n");
    }

    /// Gives what was typed on the one with this id to `take`, unless its lock keeps it.
    pub fn read(&mut self, id: usize, event: PollFlags, take: impl FnMut(u8)) {
        let again = self.open.clone().unwrap_or_default();
        if let Some(terminal) = self.find(id) {
            if terminal.read(event, take) {
                terminal.write(["\r\x1b[K", &again].concat().as_bytes());
            }
        }
    }

    /// Writes text to all of them, and keeps it for those that come later. Who has hung up is forgotten.
    pub fn print(&mut self, text: &str) {
        let ascii = text.replace(|c: char| !c.is_ascii(), "?");
        self.said.push(text);
        self.each(|terminal| terminal.write(if terminal.is_unicode() { text.as_bytes() } else { ascii.as_bytes() }));
        self.terminals.retain(|terminal| !terminal.gone);
    }

    /// One more console, at the other end of this socket. It sees what the others have seen, and with a number can answer what is asked.
    pub fn attach(&mut self, socket: File, viewer: Pid) {
        self.terminals.retain(|terminal| !terminal.gone);
        self.count += 1;
        self.viewers += 1;
        let mut terminal = Terminal::new(self.count, format!("ssh{}", self.viewers), socket, Some(viewer));
        if self.terminals.iter().filter(|terminal| terminal.viewer.is_some()).count() >= MOST_VIEWERS {
            return terminal.write(b"autoinstaller: too many look on already\n");
        }
        terminal.lock = Some(next(&mut self.locks));
        terminal.write(self.said.text().as_bytes());
        if self.open.is_some() {
            terminal.show_lock();
        }
        self.terminals.push(terminal);
    }
}

/// The next lock, where this was the place of the last.
fn next(locks: &mut usize) -> Lock {
    if *locks == 0 {
        // So that nobody gets used to the first one; it does without where there is no randomness yet.
        let mut start = [0; 2];
        getrandom(&mut start, GetRandomFlags::NONBLOCK).unwrap_or_default();
        *locks = u16::from_ne_bytes(start).into();
    }
    *locks += 1;
    Lock::new(*locks)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use super::super::terminal::PATIENCE;
    use super::*;

    fn pair() -> (File, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        (File::from(OwnedFd::from(ours)), theirs)
    }

    fn heard(viewer: &mut UnixStream, length: usize) -> String {
        let mut text = vec![0; length];
        viewer.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn typed(table: &mut Table) -> Vec<u8> {
        let mut bytes = Vec::new();
        table.read(table.terminals[0].id, PollFlags::IN, |byte| bytes.push(byte));
        bytes
    }

    #[test]
    fn who_comes_later_sees_what_was_said_and_what_is_asked() {
        let mut table = Table::new();
        table.print("autoinstaller: grün\n");
        table.print("type yes: ");
        let (socket, mut viewer) = pair();
        table.attach(socket, Pid::INIT);
        assert_eq!(heard(&mut viewer, 31), "autoinstaller: grün\ntype yes: ");
        table.print("\n");
        assert_eq!(heard(&mut viewer, 1), "\n");
        let names: Vec<&str> = table.terminals.iter().map(|console| console.name.as_str()).collect();
        assert_eq!(names, ["ssh1"]);
    }

    #[test]
    fn a_viewer_that_hangs_up_or_reads_nothing_is_gone_and_stops_nobody() {
        let mut table = Table::new();
        let (socket, viewer) = pair();
        table.attach(socket, Pid::INIT);
        drop(viewer);
        table.print("x\n");
        assert!(table.terminals.is_empty());
        let (socket, _viewer) = pair();
        table.attach(socket, Pid::INIT);
        assert_eq!((table.terminals.len(), table.terminals[0].name.as_str()), (1, "ssh2"));
        let started = Instant::now();
        let text = "y".repeat(16 << 10);
        (0..100).for_each(|_| table.print(&text));
        assert!(table.terminals.is_empty());
        // Waited for once, and not for each of the texts.
        assert!(started.elapsed() < 10 * PATIENCE, "{:?}", started.elapsed());
    }

    #[test]
    fn there_is_an_end_to_viewers() {
        let mut table = Table::new();
        let viewers: Vec<UnixStream> = (0..=MOST_VIEWERS)
            .map(|_| {
                let (socket, viewer) = pair();
                table.attach(socket, Pid::INIT);
                viewer
            })
            .collect();
        let mut last = &viewers[MOST_VIEWERS];
        let mut text = String::new();
        last.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), table.terminals.len()), ("autoinstaller: too many look on already\n", MOST_VIEWERS));
    }

    #[test]
    fn what_was_typed_before_a_question_is_forgotten() {
        let mut table = Table::new();
        let (socket, mut viewer) = pair();
        table.attach(socket, Pid::INIT);
        table.terminals[0].lock = None;
        viewer.write_all(b"yes\r").unwrap();
        table.each(Terminal::forget_typed);
        viewer.write_all(b"n").unwrap();
        assert_eq!(typed(&mut table), b"n");
    }

    #[test]
    fn there_is_an_end_to_what_is_forgotten() {
        let zero = File::open("/dev/zero").unwrap();
        let mut terminal = Terminal::new(1, "ssh1".into(), zero, Some(Pid::INIT));
        terminal.forget_typed();
        assert!(terminal.gone);
    }

    #[test]
    fn half_a_viewer_is_none() {
        let mut table = Table::new();
        let (socket, viewer) = pair();
        table.attach(socket, Pid::INIT);
        viewer.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(typed(&mut table).is_empty() && table.terminals[0].gone);
    }

    #[test]
    fn nobody_answers_what_was_not_seen() {
        let prompt = |number: &str| ["\nautoinstaller: type ", number, " to answer from here (input is hidden): "].concat();
        let mut table = Table::new();
        let (socket, mut viewer) = pair();
        table.locks = 4;
        table.attach(socket, Pid::INIT);
        table.ask("erase a? ");
        let says = |text: &str, viewer: &mut UnixStream| assert_eq!(heard(viewer, text.len()), text);
        says(&["erase a? ", &prompt("1006")].concat(), &mut viewer);
        // Typed twice at a question of the ssh client, or for what was asked before.
        viewer.write_all(b"yes\ryes\r1005\r").unwrap();
        assert!(typed(&mut table).is_empty());
        says(&prompt("1006"), &mut viewer);
        viewer.write_all(b"1006\rno\r").unwrap();
        assert_eq!(typed(&mut table), b"no\r");
        says("\r\x1b[Kerase a? ", &mut viewer);
        table.close();
        // The same once more is no other plan.
        table.ask("erase a? ");
        viewer.write_all(b"b\ryes\r").unwrap();
        assert_eq!(typed(&mut table), b"b\ryes\r");
        table.close();
        table.ask("erase b? ");
        viewer.write_all(b"1006\ryes\r").unwrap();
        assert!(typed(&mut table).is_empty());
        viewer.write_all(b"1007\r").unwrap();
        assert!(typed(&mut table).is_empty() && table.terminals[0].lock.is_none());
        // A disk came or went.
        table.withdraw();
        table.ask("erase b? ");
        viewer.write_all(b"yes\r").unwrap();
        assert!(typed(&mut table).is_empty() && table.terminals[0].lock.is_some());
        // Who comes now sees how to answer.
        let (socket, mut late) = pair();
        table.attach(socket, Pid::INIT);
        let said = ["erase a? erase a? erase b? \nerase b? ", &prompt("1009")].concat();
        says(&said, &mut late);
    }
}
