//! The emulator's process. Never outlives us: it is killed with the thread that started it.

use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::tool;

/// QEMU, to be given its arguments, its directory and its streams.
pub fn qemu() -> Command {
    let mut command = tool("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"]);
    command
}

/// Kills, and waits a moment only: a process that hangs in the kernel cannot be reaped, and must not hang us too.
pub fn reap(child: &mut Child) {
    let _ = child.kill();
    let deadline = Instant::now() + Duration::from_secs(5);
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
}
