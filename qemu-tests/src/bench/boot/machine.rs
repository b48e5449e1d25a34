//! A machine with one processor that counts instructions: what it says on its second serial line until it switches itself off.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::image::Image;
use crate::vm::emulator::{Emulator, qemu};

/// Name of its initrd in its directory.
pub const INITRD: &str = "initrd";

/// Ten times what it takes on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// A counted instruction is a nanosecond, time that nobody works in passes at once, and what is random is the same each time.
const MACHINE: &str = "-nodefaults -machine q35 -cpu max -smp 1 -m 1024 -accel tcg,thread=single -icount shift=0,sleep=off -seed 1 \
    -rtc base=2026-01-01,clock=vm -display none -vga none -nic none -no-reboot";

/// The medium as a stick, and an empty disk.
const DISKS: &str = "-device qemu-xhci,id=usb -device usb-storage,bus=usb.0,drive=stick,removable=on \
    -device nvme,serial=BENCH01,drive=target";

/// Bytes of the empty disk: what the host's system needs, with swap.
const TARGET: u64 = 64 << 30;

/// Boots the machine, with more words on the kernel's command line, and returns what it said.
///
/// # Errors
/// It did not end in time.
pub fn run(image: &Image, words: &str, dir: &Path) -> Result<String> {
    File::create(dir.join("target.raw")).and_then(|file| file.set_len(TARGET)).context("making the target")?;
    let mut command = qemu();
    command
        .args(MACHINE.split_whitespace())
        .arg("-kernel")
        .arg(&image.kernel)
        .args(["-initrd", INITRD, "-append"])
        .arg(format!("{} rdinit=/bench/mark {words}", image.cmdline))
        .arg("-drive")
        .arg(format!("if=none,id=stick,format=raw,readonly=on,file={}", image.iso.display()))
        .args(["-drive", "if=none,id=target,format=raw,cache=unsafe,file=target.raw"])
        .args(DISKS.split_whitespace())
        .args(["-serial", "file:console.log", "-serial", "stdio"])
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut machine = Emulator::start(&mut command).context("starting qemu-system-x86_64")?;
    let mut output = machine.output().context("listening to the machine")?;
    let (sender, said) = channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        // Nobody listens any more when the deadline has passed.
        drop(output.read_to_end(&mut text).map(|_| sender.send(text)));
    });
    let said = said.recv_timeout(PATIENCE).with_context(|| format!("booting: see {}", dir.join("console.log").display()))?;
    std::fs::write(dir.join("said.log"), &said).context("writing said.log")?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}
