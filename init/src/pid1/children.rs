//! The one way to run a helper program, and the reaper of everybody else's orphans.
//!
//! Absolute path, argv array, empty environment; standard output and error become lines of the log; a deadline; no silence for longer
//! than [`HEARTBEAT`]. PID 1 waits for *any* child, since orphans of helpers become its children: nobody else may call `wait`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use log::Level;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};

use super::lines::Lines;
use super::{memory, survivors};
use crate::error::{Doing, Error, Kind, Result};

/// Longest silence of a running helper, after which a line says that it still runs.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often a running child is looked at.
const TICK: Duration = Duration::from_millis(50);

const TOO_LONG: &str = "it took too long and was stopped";

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
    /// How far it is, for the line that says that it still runs; [`UNKNOWN`] if nobody can tell.
    pub so_far: fn() -> String,
}

/// Nothing that could be counted.
pub const UNKNOWN: fn() -> String = String::new;

/// Runs a helper to its end.
///
/// # Errors
/// It cannot be started, ends with anything but 0 (the cause is its last line), or takes too long and is killed.
pub fn run(command: Command, job: Job) -> Result<()> {
    run_together(vec![(command, job)])
}

/// Runs a helper to its end and returns the last lines of what it said, whether it failed or not: they may tell why.
pub fn heard(command: Command, job: Job) -> (Result<()>, Vec<String>) {
    let mut tail = Vec::new();
    let ended = together(vec![(command, job)], &mut tail);
    (ended, tail)
}

/// Runs helpers side by side until all of them have ended.
///
/// # Errors
/// As [`run`]; of several failures the first in their order, the others are lines of the log.
pub fn run_together(helpers: Vec<(Command, Job)>) -> Result<()> {
    together(helpers, &mut Vec::new())
}

fn together(helpers: Vec<(Command, Job)>, tail: &mut Vec<String>) -> Result<()> {
    let started: Result<Vec<Helper>> = helpers.into_iter().map(|(command, job)| Helper::start(command, job)).collect();
    let mut helpers = started.inspect_err(|_| survivors::end())?;
    while let Some(slow) = helpers.iter().find(|helper| helper.status.is_none()) {
        slow.lines.wait(TICK);
        helpers.iter_mut().for_each(Helper::listen);
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if let Some(helper) = helpers.iter_mut().find(|helper| helper.pid == pid) {
                helper.status = Some(status);
            }
        }
        if let Some(late) = helpers.iter().find(|helper| helper.status.is_none() && helper.started.elapsed() > helper.job.deadline) {
            let Job { kind, doing, .. } = late.job;
            kill_process(late.pid, Signal::KILL).doing(kind, || doing.into())?;
            survivors::end();
            return Err(Error::new(kind, doing, TOO_LONG));
        }
    }
    let mut failures = helpers.iter_mut().filter_map(|helper| helper.judge().err());
    let first = failures.next();
    failures.for_each(|failure| log::warn!("{failure}"));
    helpers.iter_mut().for_each(|helper| tail.extend(helper.lines.tail.drain(..)));
    first.map_or(Ok(()), Err)
}

/// A helper that was started.
struct Helper<'a> {
    job: Job<'a>,
    pid: Pid,
    lines: Lines,
    started: Instant,
    status: Option<WaitStatus>,
}

impl<'a> Helper<'a> {
    fn start(mut command: Command, job: Job<'a>) -> Result<Helper<'a>> {
        let failed = || job.doing.to_string();
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        log::debug!("running {} {}", job.program, words.join(" "));
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).doing(job.kind, failed)?;
        rustix::fs::fcntl_setfl(&reader, rustix::fs::OFlags::NONBLOCK).doing(job.kind, failed)?;
        let second = writer.try_clone().doing(job.kind, failed)?;
        command.stdout(Stdio::from(writer)).stderr(Stdio::from(second));
        // The command, which holds the writing end of the pipe, ends here.
        let child = spawn(&mut command, job)?;
        let lines = Lines::new(reader.into(), job.output);
        Ok(Helper { job, pid: Pid::from_child(&child), lines, started: Instant::now(), status: None })
    }

    /// Reads what it says, and says that it still runs when it is silent.
    fn listen(&mut self) {
        self.lines.read();
        if self.status.is_none() && self.lines.heard.elapsed() > HEARTBEAT {
            self.lines.heard = Instant::now();
            log::info!("still {}, {} s{}", self.job.doing, self.started.elapsed().as_secs(), (self.job.so_far)());
        }
    }

    fn judge(&mut self) -> Result<()> {
        self.lines.read();
        self.lines.finish();
        let Some(status) = self.status else { return Err(Error::new(self.job.kind, self.job.doing, TOO_LONG)) };
        judge(status, self.job.program, &self.lines.last).map_err(|cause| Error::new(self.job.kind, self.job.doing, cause))
    }
}

/// Starts a helper that goes on beside everything else, and returns when it has said that it is ready. Its lines go to the log.
///
/// # Errors
/// It cannot be started, ends, or says nothing of the kind in time.
pub fn background(command: Command, job: Job, ready: &str) -> Result<Pid> {
    let mut helper = Helper::start(command, job)?;
    while !helper.lines.tail.iter().any(|line| line.starts_with(ready)) {
        helper.lines.wait(TICK);
        helper.lines.read();
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == helper.pid {
                helper.status = Some(status);
            }
        }
        if helper.status.is_some() || helper.started.elapsed() > job.deadline {
            // Too late is as good as never.
            kill_process(helper.pid, Signal::KILL).unwrap_or_default();
            helper.judge()?;
            return Err(Error::new(job.kind, job.doing, format!("{} ended", job.program)));
        }
    }
    let Helper { pid, lines, .. } = helper;
    std::thread::spawn(move || lines.follow());
    Ok(pid)
}

/// Runs a child that has a terminal of its own.
pub fn foreground(mut command: Command, job: Job) -> Result<()> {
    let child = spawn(&mut command, job)?;
    let status = wait_for(&child, job)?;
    judge(status, job.program, "").map_err(|cause| Error::new(job.kind, job.doing, cause))
}

fn spawn(command: &mut Command, job: Job) -> Result<Child> {
    let child = command.spawn().map_err(|error| Error::new(job.kind, job.doing, format!("{} cannot be started: {error}", job.program)))?;
    memory::offer(child.id());
    Ok(child)
}

fn wait_for(child: &Child, job: Job) -> Result<WaitStatus> {
    let pid = Pid::from_child(child);
    let started = Instant::now();
    loop {
        std::thread::sleep(TICK);
        while let Ok(Some((reaped, status))) = wait(WaitOptions::NOHANG) {
            if reaped == pid {
                return Ok(status);
            }
        }
        if started.elapsed() > job.deadline {
            kill_process(pid, Signal::KILL).doing(job.kind, || job.doing.into())?;
            survivors::end();
            return Err(Error::new(job.kind, job.doing, TOO_LONG));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn job(doing: &str, deadline: Duration) -> Job<'_> {
        Job { program: "sh", doing, kind: Kind::System, deadline, output: Level::Info, so_far: UNKNOWN }
    }

    /// Tests share the process, and the reaper takes any child: one at a time.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

    fn shell(script: &str, deadline: Duration) -> std::result::Result<(), String> {
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
    fn helpers_run_side_by_side_and_the_first_failure_counts() {
        let _one = ONE.lock().unwrap();
        let shell = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            command
        };
        let started = Instant::now();
        let helpers = [("one", "sleep 1"), ("two", "sleep 1; echo broken; exit 2"), ("three", "exit 3"), ("four", "sleep 1")];
        let helpers = helpers.map(|(name, script)| (shell(script), job(name, MINUTE)));
        assert_eq!(run_together(helpers.into()).unwrap_err().to_string(), "two: sh exited with 2: broken");
        assert!(started.elapsed() < Duration::from_millis(2900), "one after the other");
    }

    #[test]
    fn a_daemon_that_keeps_the_pipe_does_not_hold_us() {
        let started = Instant::now();
        assert_eq!(shell("sleep 30 & echo started", MINUTE), Ok(()));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_helper_in_the_background_is_waited_for_until_it_is_ready() {
        let _one = ONE.lock().unwrap();
        let start = |script: &str, deadline| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            background(command, job("starting", deadline), "ready").map_err(|error| error.to_string())
        };
        let started = Instant::now();
        let pid = start("echo first; sleep 0.3; echo ready at last; exec sleep 60", MINUTE).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!(start("echo no; exit 3", MINUTE).unwrap_err(), "starting: sh exited with 3: no");
        assert_eq!(start("exit 0", MINUTE).unwrap_err(), "starting: sh ended");
        assert_eq!(start("exec sleep 1", Duration::from_millis(100)).unwrap_err(), "starting: it took too long and was stopped");
    }

    #[test]
    fn a_missing_program_is_named() {
        let _one = ONE.lock().unwrap();
        let error = run(Command::new("/bin/no-such-program"), Job { program: "no-such-program", ..job("testing", MINUTE) })
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("testing: no-such-program cannot be started: No such file"), "{error}");
    }
}
