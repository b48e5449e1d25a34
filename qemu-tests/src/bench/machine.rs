//! The one machine in which all contenders run, one after the other: what it says on its serial line, until it switches itself off.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::parts::Parts;
use crate::vm::accel::accel;
use crate::vm::emulator::{Emulator, qemu};

/// Names of its files in its directory.
pub const INITRD: &str = "initrd";
pub const MEDIUM: &str = "medium.raw";
pub const TARGET: &str = "target.raw";

/// Longest silence. The slowest contender needs a minute on an emulated processor of a busy machine.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Begins every line that is meant for us.
const PREFIX: &str = "BENCH ";

/// The command line of its kernel. The last word is what the contender that erases without a question wants to see.
const COMMAND_LINE: &str = "console=ttyS0 quiet no_timer_check cryptomgr.notests rdinit=/bench/init bench.machine";

/// Runs the machine to its end and returns its findings, shown as they come.
///
/// # Errors
/// A contender failed, the machine ended without saying that it is done, or it said nothing for too long.
pub fn run(parts: &Parts, dir: &Path) -> Result<Vec<String>> {
    let mut machine = start(parts, dir)?;
    let output = machine.output().context("listening to the machine")?;
    let mut log = std::fs::File::create(dir.join("console.log")).context("making console.log")?;
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            // Nobody listens any more when the deadline has passed.
            let _ = writeln!(log, "{line}").and_then(|()| sender.send(line).map_err(std::io::Error::other));
        }
    });
    let mut findings = Vec::new();
    loop {
        let line = match lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => bail!("running the benchmark: nothing was said for {} s; {}", PATIENCE.as_secs(), see(dir)),
            Err(RecvTimeoutError::Disconnected) => bail!("running the benchmark: the machine ended before it was done; {}", see(dir)),
        };
        let Some((_, finding)) = line.split_once(PREFIX) else { continue };
        match finding.split_once(' ') {
            Some(("failed", cause)) => bail!("running the benchmark: {cause}; {}", see(dir)),
            None if finding == "done" => return Ok(findings),
            _ => findings.push(finding.to_owned()),
        }
        eprintln!("{finding}");
    }
}

fn see(dir: &Path) -> String {
    format!("see {}", dir.join("console.log").display())
}

fn start(parts: &Parts, dir: &Path) -> Result<Emulator> {
    let words = ["-nodefaults", "-machine", "q35", "-cpu", "max", "-smp", "2", "-m", "1024", "-display", "none", "-vga", "none"];
    let mut command = qemu();
    command
        .args(words)
        .args(["-nic", "none", "-no-reboot", "-accel", accel(&parts.kernel), "-kernel"])
        .arg(&parts.kernel)
        .args(["-initrd", INITRD, "-append", COMMAND_LINE])
        .args(["-drive", &format!("if=none,id=target,format=raw,cache=unsafe,discard=unmap,file={TARGET}")])
        .args(["-device", "nvme,id=nvme0,serial=BENCH01", "-device", "nvme-ns,bus=nvme0,nsid=1,drive=target"])
        .args(["-drive", &format!("if=none,id=medium,format=raw,readonly=on,file={MEDIUM}")])
        .args(["-device", "virtio-blk-pci,drive=medium,serial=MEDIUM", "-serial", "stdio"])
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    Emulator::start(&mut command).context("starting qemu-system-x86_64")
}
