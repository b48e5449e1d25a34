//! The emulator's process. Never outlives us: it is killed with the thread that started it.

use std::io;
use std::process::{Child, ChildStdout, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::tool;

/// QEMU, to be given its arguments, its directory and its streams.
pub fn qemu() -> Command {
    let mut command = tool("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"]);
    command
}

/// A process that is killed with this value.
pub struct Emulator(Child);

impl Emulator {
    /// Starts it.
    pub fn start(command: &mut Command) -> io::Result<Emulator> {
        command.spawn().map(Emulator)
    }

    /// Kills, and waits a moment only: a process that hangs in the kernel cannot be reaped, and must not hang us too.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its standard output, once, if it is a pipe.
    pub fn output(&mut self) -> Option<ChildStdout> {
        self.0.stdout.take()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.kill();
    }
}
