//! The TPM of a machine: swtpm beside QEMU, which puts it where the machine's own would be.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::emulator::Emulator;
use crate::command::tool;

/// How a TPM 2.0 is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tpm {
    /// As firmware of new machines has it: a command response buffer.
    Crb,
    /// As a chip on the board: the interface of TPM 1.2.
    Tis,
}

/// Its socket, in the directory of the scenario, where both programs run: a path has 107 bytes at most.
const SOCKET: &str = "tpm.sock";
/// It only has to make the socket.
const DEADLINE: Duration = Duration::from_secs(20);

/// What QEMU is told about it.
pub fn arguments(tpm: Tpm) -> [String; 6] {
    let driver = match tpm {
        Tpm::Crb => "tpm-crb",
        Tpm::Tis => "tpm-tis",
    };
    let words = ["-chardev", &format!("socket,id=tpm,path={SOCKET}"), "-tpmdev", "emulator,id=tpm0,chardev=tpm"];
    let [chardev, socket, tpmdev, emulator] = words.map(str::to_owned);
    [chardev, socket, tpmdev, emulator, "-device".to_owned(), format!("{driver},tpmdev=tpm0")]
}

/// Starts one that has never been used, for the QEMU that is started next.
pub fn start(dir: &Path) -> Result<Emulator> {
    let mut command = tool("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "swtpm", "socket", "--tpm2", "--tpmstate", "dir=.", "--terminate"]);
    command.args(["--ctrl", &format!("type=unixio,path={SOCKET}")]).current_dir(dir);
    let socket = dir.join(SOCKET);
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context("removing the socket of an earlier TPM"),
        _ => {}
    }
    let emulator = Emulator::start(command.stdin(Stdio::null()).stdout(Stdio::null())).context("starting swtpm")?;
    let started = Instant::now();
    while !socket.exists() {
        if started.elapsed() > DEADLINE {
            bail!("starting swtpm: its socket is not there after {} s", DEADLINE.as_secs());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(emulator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_hang_on_the_same_socket() {
        let line = |tpm| arguments(tpm).join(" ");
        assert!(line(Tpm::Crb).ends_with("-tpmdev emulator,id=tpm0,chardev=tpm -device tpm-crb,tpmdev=tpm0"));
        assert!(line(Tpm::Tis).starts_with("-chardev socket,id=tpm,path=tpm.sock ") && line(Tpm::Tis).contains("-device tpm-tis,"));
    }
}
