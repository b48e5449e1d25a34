//! The consoles there are. Ids and names are never given twice, so that a key pressed on one is never taken for another's.

use std::fs::File;

use rustix::process::Pid;

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
}

impl Table {
    /// None yet.
    pub const fn new() -> Table {
        Table { terminals: Vec::new(), count: 0, viewers: 0, said: Said::new() }
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

    /// Writes text to all of them, and keeps it for those that come later.
    pub fn print(&mut self, text: &str) {
        let ascii = text.replace(|c: char| !c.is_ascii(), "?");
        self.said.push(text);
        self.each(|terminal| terminal.write(if terminal.is_unicode() { text.as_bytes() } else { ascii.as_bytes() }));
    }

    /// One more console, at the other end of this socket. It sees what the others have seen, and can answer what is asked.
    pub fn attach(&mut self, socket: File, viewer: Pid) {
        self.terminals.retain(|terminal| !terminal.gone);
        self.count += 1;
        self.viewers += 1;
        let mut terminal = Terminal::new(self.count, format!("ssh{}", self.viewers), socket, Some(viewer));
        if self.terminals.iter().filter(|terminal| terminal.viewer.is_some()).count() >= MOST_VIEWERS {
            return terminal.write(b"autoinstaller: too many look on already\n");
        }
        terminal.write(self.said.text().as_bytes());
        self.terminals.push(terminal);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use rustix::event::PollFlags;

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
        assert!(table.terminals[0].gone);
        let (socket, _viewer) = pair();
        table.attach(socket, Pid::INIT);
        assert_eq!((table.terminals.len(), table.terminals[0].name.as_str()), (1, "ssh2"));
        let started = Instant::now();
        let text = "y".repeat(16 << 10);
        (0..100).for_each(|_| table.print(&text));
        assert!(table.terminals[0].gone && started.elapsed() < 2 * PATIENCE);
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
        viewer.write_all(b"yes\r").unwrap();
        table.each(Terminal::forget_typed);
        viewer.write_all(b"n").unwrap();
        let mut bytes = Vec::new();
        table.terminals[0].read(PollFlags::IN, |byte| bytes.push(byte));
        assert_eq!(bytes, b"n");
    }
}
