//! The one way to run a helper program, and the reaper of everybody else's orphans.
//!
//! Absolute path, argv array, empty environment; standard output and error become lines of the log; a deadline; no silence for longer
//! than [`HEARTBEAT`]. PID 1 waits for *any* child, since orphans of helpers become its children: nobody else may call `wait`.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use log::Level;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};

use crate::error::{Doing, Error, Kind, Result};
use crate::sys::process::kill_everybody_else;

/// Longest silence of a running helper, after which a line says that it still runs.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long killed processes may take to end; one that waits for a broken disk cannot.
const REAPING: Duration = Duration::from_secs(5);
/// How often a running child is looked at.
const TICK: Duration = Duration::from_millis(50);

/// A helper's job: what it is for, and what is done with it.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What to call the program in errors.
    pub program: &'a str,
    /// Gerund and subject of its errors and of its progress lines.
    pub doing: &'a str,
    /// The class of its failures.
    pub kind: Kind,
    /// After this it is killed.
    pub deadline: Duration,
    /// Where its output goes: `Info` for the consoles too, `Debug` for the log alone.
    pub output: Level,
}

/// Runs a helper to its end.
///
/// # Errors
/// It cannot be started, ends with anything but 0 (the cause is its last line), or takes too long and is killed.
pub fn run(mut command: Command, job: Job) -> Result<()> {
    let failed = || job.doing.to_string();
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    log::debug!("running {} {}", job.program, words.join(" "));
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).doing(job.kind, failed)?;
    rustix::fs::fcntl_setfl(&reader, rustix::fs::OFlags::NONBLOCK).doing(job.kind, failed)?;
    let second = writer.try_clone().doing(job.kind, failed)?;
    command.stdout(Stdio::from(writer)).stderr(Stdio::from(second));
    let child = spawn(&mut command, job)?;
    drop(command); // holds the writing end of the pipe
    let mut lines =
        Lines { pipe: std::fs::File::from(reader), partial: Vec::new(), last: String::new(), heard: Instant::now(), output: job.output };
    let started = Instant::now();
    let status = wait_for(&child, job, || {
        lines.read();
        if lines.heard.elapsed() > HEARTBEAT {
            lines.heard = Instant::now();
            log::info!("still {}, {} s", job.doing, started.elapsed().as_secs());
        }
        lines.wait(TICK);
    })?;
    lines.read();
    lines.finish();
    judge(status, job.program, &lines.last).map_err(|cause| Error::new(job.kind, job.doing, cause))
}

/// Runs a child that has a terminal of its own.
pub fn foreground(mut command: Command, job: Job) -> Result<()> {
    let child = spawn(&mut command, job)?;
    let status = wait_for(&child, job, || std::thread::sleep(TICK))?;
    judge(status, job.program, "").map_err(|cause| Error::new(job.kind, job.doing, cause))
}

fn spawn(command: &mut Command, job: Job) -> Result<Child> {
    command.spawn().map_err(|error| Error::new(job.kind, job.doing, format!("{} cannot be started: {error}", job.program)))
}

fn wait_for(child: &Child, job: Job, mut meanwhile: impl FnMut()) -> Result<WaitStatus> {
    let pid = Pid::from_child(child);
    let started = Instant::now();
    loop {
        meanwhile();
        while let Ok(Some((reaped, status))) = wait(WaitOptions::NOHANG) {
            if reaped == pid {
                return Ok(status);
            }
        }
        if started.elapsed() > job.deadline {
            kill_process(pid, Signal::KILL).doing(job.kind, || job.doing.into())?;
            end_survivors();
            return Err(Error::new(job.kind, job.doing, "it took too long and was stopped"));
        }
    }
}

/// Ends what helpers left behind and reaps it: a survivor in stage-2 could write on, and keeps the file systems busy.
pub fn end_survivors() {
    kill_everybody_else();
    let started = Instant::now();
    while started.elapsed() < REAPING && wait(WaitOptions::NOHANG).is_ok() {
        std::thread::sleep(TICK);
    }
}

fn judge(status: WaitStatus, program: &str, last: &str) -> std::result::Result<(), String> {
    let tail = if last.is_empty() { String::new() } else { format!(": {last}") };
    match (status.exit_status(), status.terminating_signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(format!("{program} exited with {code}{tail}")),
        (None, Some(signal)) => Err(format!("{program} was killed by signal {signal}{tail}")),
        (None, None) => Err(format!("{program} ended in an unknown way{tail}")),
    }
}

/// The output of a helper, line by line, carriage returns of progress bars counting as line ends.
struct Lines {
    pipe: std::fs::File,
    partial: Vec<u8>,
    last: String,
    heard: Instant,
    output: Level,
}

impl Lines {
    fn wait(&self, patience: Duration) {
        let timeout = Timespec::try_from(patience).ok();
        let mut polled = [PollFd::new(&self.pipe, PollFlags::IN)];
        poll(&mut polled, timeout.as_ref()).unwrap_or_default();
        // With the writing end closed poll returns at once, and the child may still be running.
        if polled.iter().any(|p| p.revents() == PollFlags::HUP) {
            std::thread::sleep(patience);
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.pipe.read(&mut buffer) {
            for byte in buffer.iter().take(count) {
                match byte {
                    b'\n' | b'\r' => self.finish(),
                    _ if self.partial.len() < 1024 => self.partial.push(*byte),
                    _ => {}
                }
            }
        }
    }

    fn finish(&mut self) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.partial)).trim_end().to_string();
        if !line.trim().is_empty() {
            log::log!(self.output, "| {line}");
            self.heard = Instant::now();
            self.last = line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(doing: &str, deadline: Duration) -> Job<'_> {
        Job { program: "sh", doing, kind: Kind::System, deadline, output: Level::Info }
    }

    fn shell(script: &str, deadline: Duration) -> std::result::Result<(), String> {
        // Tests share the process, and the reaper takes any child: one at a time.
        static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _one = ONE.lock().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, job("testing the shell", deadline)).map_err(|e| e.to_string())
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_helper_that_fails_is_quoted_with_its_last_line() {
        assert_eq!(shell("echo fine", MINUTE), Ok(()));
        assert_eq!(
            shell("echo one; echo 'No space left' >&2; exit 3", MINUTE).unwrap_err(),
            "testing the shell: sh exited with 3: No space left"
        );
        assert_eq!(shell("kill -9 $$", MINUTE).unwrap_err(), "testing the shell: sh was killed by signal 9");
    }

    #[test]
    fn a_helper_that_hangs_is_stopped() {
        assert_eq!(shell("exec sleep 60", Duration::from_millis(200)).unwrap_err(), "testing the shell: it took too long and was stopped");
    }

    #[test]
    fn a_daemon_that_keeps_the_pipe_does_not_hold_us() {
        let started = Instant::now();
        assert_eq!(shell("sleep 30 & echo started", MINUTE), Ok(()));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(Command::new("/bin/no-such-program"), Job { program: "no-such-program", ..job("testing", MINUTE) })
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("testing: no-such-program cannot be started: No such file"), "{error}");
    }
}
