//! Which step of the plan the machine was in when: how long the log of writes was whenever a new line stood on the console.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How the installer heads a step.
const STEP: &str = "autoinstaller: step ";
/// How often it is looked. A step that is shorter is not told from the next.
const GLANCE: Duration = Duration::from_millis(50);

/// A step and the length of the log when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// `5/9 unpacking the closure`.
    pub step: String,
    /// In bytes.
    pub length: u64,
}

/// Watches two files that grow.
pub struct Pace {
    end: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Mark>>,
}

impl Pace {
    /// Begins to watch; the files need not be there yet.
    pub fn watch(console: PathBuf, log: PathBuf) -> Pace {
        let end = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&end);
        let thread = thread::spawn(move || {
            let mut marks = Vec::new();
            loop {
                // What is written when everything has ended is still looked at.
                let last = ended.load(Ordering::SeqCst);
                look(&console, &log, &mut marks);
                if last {
                    return marks;
                }
                thread::sleep(GLANCE);
            }
        });
        Pace { end, thread }
    }

    /// The steps, in their order.
    pub fn end(self) -> Vec<Mark> {
        self.end.store(true, Ordering::SeqCst);
        self.thread.join().unwrap_or_default()
    }
}

fn look(console: &Path, log: &Path, marks: &mut Vec<Mark>) {
    let length = fs::metadata(log).map_or(0, |log| log.len());
    let text = fs::read(console).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    // The plan has the same words without this prefix; a line that is not whole yet waits.
    let steps = text.split_inclusive('\n').filter_map(|line| Some(line.strip_suffix('\n')?.split_once(STEP)?.1.trim_end()));
    marks.extend(steps.skip(marks.len()).map(|step| Mark { step: step.to_owned(), length }).collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn a_step_begins_where_the_log_was_when_its_line_came() {
        let dir = scratch("pace");
        let (console, log) = (dir.join("console.log"), dir.join("writes"));
        let mut marks = Vec::new();
        look(&console, &log, &mut marks);
        let mut say = |text: &str, length: usize| {
            fs::write(&log, vec![0; length]).unwrap();
            fs::write(&console, text).unwrap();
            look(&console, &log, &mut marks);
        };
        say("[ 1.00] plan 1/2: wiping\n[ 2.00] autoinstaller: step 1/2 wip", 0);
        say("[ 1.00] plan 1/2: wiping\n[ 2.00] autoinstaller: step 1/2 wiping\r\n", 512);
        say("[ 2.00] autoinstaller: step 1/2 wiping\r\n[ 9.00] autoinstaller: step 2/2 mounting\n", 4096);
        let mark = |step: &str, length| Mark { step: step.to_owned(), length };
        assert_eq!(marks, [mark("1/2 wiping", 512), mark("2/2 mounting", 4096)]);
    }
}
