//! What a helper says, as lines of the log.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use log::Level;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The output of a helper, line by line, carriage returns of progress bars counting as line ends.
pub struct Lines {
    pipe: File,
    partial: Vec<u8>,
    /// The last byte led back to the start of the line.
    returned: bool,
    output: Level,
    /// The last line that may be a cause.
    pub last: String,
    /// The last lines.
    pub tail: VecDeque<String>,
    /// When there was a line for the consoles.
    pub heard: Instant,
    /// When there was a line.
    drawn: Instant,
    /// How many lines there were.
    count: usize,
}

/// Most reads of a pipe at a time.
const MOST_READS: usize = 64;

/// Between two lines of a bar that is drawn over itself.
const REDRAWN: Duration = Duration::from_secs(5);

/// What mkfs.vfat says last, through its own buffer, whatever has failed before: name and version.
const BANNER: &str = "mkfs.fat ";

/// How many lines of one that goes on for ever are logged.
const MOST_FOLLOWED: usize = 1000;

/// How many lines are kept: as many as git says of one question to a server, when it is asked to say all.
const TAIL: usize = 64;

impl Lines {
    /// Of this pipe, which must not block; they go to the log at this level.
    pub fn new(pipe: File, output: Level) -> Lines {
        Lines {
            pipe,
            partial: Vec::new(),
            returned: false,
            output,
            last: String::new(),
            tail: VecDeque::new(),
            heard: Instant::now(),
            drawn: Instant::now(),
            count: 0,
        }
    }

    /// Sleeps until there is more, and no longer than `patience`.
    pub fn wait(&self, patience: Duration) {
        let timeout = Timespec::try_from(patience).ok();
        let mut polled = [PollFd::new(&self.pipe, PollFlags::IN)];
        poll(&mut polled, timeout.as_ref()).unwrap_or_default();
        // With the writing end closed poll returns at once, and the child may still be running.
        if polled.iter().any(|p| p.revents() == PollFlags::HUP) {
            std::thread::sleep(patience);
        }
    }

    /// Logs what comes, for ever; as many lines as a log has room for, since strangers may have a say in them.
    pub fn follow(mut self) {
        loop {
            self.wait(REDRAWN);
            self.read();
            if self.count > MOST_FOLLOWED {
                self.output = Level::Trace;
            }
        }
    }

    /// Logs what there is.
    pub fn read(&mut self) {
        let mut buffer = [0; 4096];
        // Not for ever: it may talk faster than the consoles take it.
        for _ in 0..MOST_READS {
            let Ok(count @ 1..) = self.pipe.read(&mut buffer) else { return };
            for byte in buffer.iter().take(count) {
                match byte {
                    b'\n' => self.finish(),
                    b'\r' => self.returned = true,
                    _ => self.push(*byte),
                }
            }
        }
    }

    fn push(&mut self, byte: u8) {
        // The line before is drawn over: of such a bar a line now and then will do.
        if std::mem::take(&mut self.returned) {
            if self.drawn.elapsed() > REDRAWN { self.finish() } else { self.partial.clear() }
        }
        if self.partial.len() < 1024 {
            self.partial.push(byte);
        }
    }

    /// Logs the line that has no end yet.
    pub fn finish(&mut self) {
        self.returned = false;
        // What a helper quotes from a disk must not command a terminal.
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.partial)).replace(|c: char| c.is_control() && c != '\t', "?");
        let line = line.trim_end().to_string();
        if !line.trim().is_empty() {
            log::log!(self.output, "| {line}");
            self.drawn = Instant::now();
            self.count += 1;
            // What goes to the log alone is silence to whoever looks at a console.
            if self.output <= Level::Info {
                self.heard = self.drawn;
            }
            if self.tail.len() == TAIL {
                self.tail.pop_front();
            }
            self.tail.push_back(line.clone());
            if self.last.is_empty() || !line.starts_with(BANNER) {
                self.last = line;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_drawn_over_is_dropped_and_a_carriage_return_before_the_end_is_not() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        rustix::io::write(&writer, b"first\r\nat 1%\rat 2%\rdone\r\nlast").unwrap();
        let mut lines = Lines::new(File::from(reader), Level::Debug);
        rustix::fs::fcntl_setfl(&lines.pipe, rustix::fs::OFlags::NONBLOCK).unwrap();
        lines.read();
        lines.finish();
        assert_eq!(lines.tail, ["first", "done", "last"]);
        assert_eq!(lines.last, "last");
        rustix::io::write(&writer, b"\nmkfs.vfat: no\nmkfs.fat 4.2 (2021-01-31)\n").unwrap();
        lines.read();
        assert_eq!(lines.last, "mkfs.vfat: no");
    }
}
