//! The one way to run a helper program, and the reaper of everybody else's orphans.
//!
//! Absolute path, argv array, empty environment; standard output and error become lines of the log; a deadline; no silence for longer
//! than [`HEARTBEAT`]. PID 1 waits for *any* child, since orphans of helpers become its children: nobody else may call `wait`.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};

use crate::error::{Doing, Error, Kind, Result};

/// Longest silence of a running helper, after which a line says that it still runs.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often a running child is looked at.
const TICK: Duration = Duration::from_millis(50);

/// Runs a helper to its end. `doing` is the subject of its errors and of its progress lines.
///
/// # Errors
/// It cannot be started, ends with anything but 0 (the cause is its last line), or takes longer than `deadline` and is killed.
pub fn run(mut command: Command, doing: &str, kind: Kind, deadline: Duration) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    log::debug!("running {command:?}");
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).doing(kind, || doing.into())?;
    rustix::fs::fcntl_setfl(&reader, rustix::fs::OFlags::NONBLOCK).doing(kind, || doing.into())?;
    let second = writer.try_clone().doing(kind, || doing.into())?;
    command.stdout(Stdio::from(writer)).stderr(Stdio::from(second));
    let child = spawn(&mut command, doing, kind)?;
    drop(command); // holds the writing end of the pipe
    let mut lines = Lines { pipe: std::fs::File::from(reader), partial: Vec::new(), last: String::new(), heard: Instant::now() };
    let started = Instant::now();
    let status = wait_for(&child, doing, kind, started + deadline, || {
        lines.read();
        if lines.heard.elapsed() > HEARTBEAT {
            lines.heard = Instant::now();
            log::info!("still {doing}, {} s", started.elapsed().as_secs());
        }
        lines.wait(TICK);
    })?;
    lines.read();
    lines.finish();
    judge(status, &program, &lines.last).map_err(|cause| Error::new(kind, doing, cause))
}

/// Runs a child that has a terminal of its own.
pub fn foreground(mut command: Command, doing: &str, kind: Kind, deadline: Duration) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let child = spawn(&mut command, doing, kind)?;
    let status = wait_for(&child, doing, kind, Instant::now() + deadline, || std::thread::sleep(TICK))?;
    judge(status, &program, "").map_err(|cause| Error::new(kind, doing, cause))
}

fn spawn(command: &mut Command, doing: &str, kind: Kind) -> Result<Child> {
    command
        .spawn()
        .map_err(|error| Error::new(kind, doing, format!("{} cannot be started: {error}", command.get_program().to_string_lossy())))
}

fn wait_for(child: &Child, doing: &str, kind: Kind, deadline: Instant, mut meanwhile: impl FnMut()) -> Result<WaitStatus> {
    let pid = Pid::from_child(child);
    loop {
        meanwhile();
        while let Ok(Some((reaped, status))) = wait(WaitOptions::NOHANG) {
            if reaped == pid {
                return Ok(status);
            }
        }
        if Instant::now() > deadline {
            kill_process(pid, Signal::KILL).doing(kind, || doing.into())?;
            return Err(Error::new(kind, doing, "it took too long and was stopped"));
        }
    }
}

fn judge(status: WaitStatus, program: &str, last: &str) -> std::result::Result<(), String> {
    let name = program.rsplit('/').next().unwrap_or(program);
    let tail = if last.is_empty() { String::new() } else { format!(": {last}") };
    match (status.exit_status(), status.terminating_signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(format!("{name} exited with {code}{tail}")),
        (None, Some(signal)) => Err(format!("{name} was killed by signal {signal}{tail}")),
        (None, None) => Err(format!("{name} ended in an unknown way{tail}")),
    }
}

/// The output of a helper, line by line, carriage returns of progress bars counting as line ends.
struct Lines {
    pipe: std::fs::File,
    partial: Vec<u8>,
    last: String,
    heard: Instant,
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
            log::info!("| {line}");
            self.heard = Instant::now();
            self.last = line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, deadline: Duration) -> std::result::Result<(), String> {
        // Tests share the process, and the reaper takes any child: one at a time.
        static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _one = ONE.lock().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, "testing the shell", Kind::System, deadline).map_err(|e| e.to_string())
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
        let error = run(Command::new("/bin/no-such-program"), "testing", Kind::System, MINUTE).unwrap_err().to_string();
        assert!(error.starts_with("testing: /bin/no-such-program cannot be started: No such file"), "{error}");
    }
}
