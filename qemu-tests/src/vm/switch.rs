//! Switches a machine on, as often as its power fails: every start of the emulator has the same words and the same files.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use anyhow::{Context, Result};

use super::emulator::{Emulator, qemu};
use super::machine::Signal;
use super::qmp::Qmp;
use super::scenario::Tpm;
use super::{serial, tpm};

/// What is the same at every start.
pub struct Switch {
    /// All words that do not say where the consoles are.
    pub words: Vec<String>,
    /// The network cards without a cable.
    pub unplugged: Vec<String>,
    /// The log of the console.
    pub log: PathBuf,
    /// What the emulator complains about.
    pub errors: PathBuf,
    /// Has the files of the machine.
    pub dir: PathBuf,
    /// Its TPM.
    pub tpm: Option<Tpm>,
    /// Takes what the machine says and does.
    pub sender: Sender<Signal>,
}

/// An emulator that runs.
pub struct On {
    /// Its process.
    pub emulator: Emulator,
    /// The serial port, to write to.
    pub port: UnixStream,
    /// The control socket.
    pub qmp: Qmp,
    /// The emulator of the TPM, which ends with the other.
    #[expect(dead_code, reason = "it is ended with this value")]
    pub tpm: Option<Emulator>,
}

impl Switch {
    /// Switches it on.
    pub fn on(&self) -> Result<On> {
        let (port, guest_port) = UnixStream::pair().context("making the serial port")?;
        let (control, guest_control) = UnixStream::pair().context("making the control socket")?;
        let errors = &self.errors;
        let tpm = self.tpm.map(|_| tpm::start(&self.dir)).transpose()?;
        let emulator = {
            // The command owns the guest's ends; they must be closed here, or the end of the emulator is never seen.
            let mut command = qemu();
            command
                .args(&self.words)
                .args(["-chardev", "socket,id=serial,fd=0", "-serial", "chardev:serial"])
                .args(["-chardev", "socket,id=control,fd=1", "-mon", "chardev=control,mode=control"])
                .current_dir(&self.dir)
                .stdin(OwnedFd::from(guest_port))
                .stdout(OwnedFd::from(guest_control))
                .stderr(File::create(errors).with_context(|| format!("making {}", errors.display()))?);
            Emulator::start(&mut command).context("starting qemu-system-x86_64")?
        };
        let (for_serial, for_qmp) = (self.sender.clone(), self.sender.clone());
        let writer = port.try_clone().context("sharing the serial port")?;
        // Who takes the signals may have stopped listening: then nobody needs them.
        serial::listen(port, &self.log, move |bytes| drop(for_serial.send(Signal::Serial(bytes))))?;
        let mut qmp = Qmp::start(control, move |notice| drop(for_qmp.send(Signal::Qmp(notice))))
            .with_context(|| format!("starting qemu-system-x86_64: {}", last_line(errors)))?;
        for card in &self.unplugged {
            qmp.set_link(card, false)?;
        }
        Ok(On { emulator, port: writer, qmp, tpm })
    }

    /// Keeps the log of a machine that is off under another name: the next start has one of its own.
    pub fn keep_log(&self) -> Result<()> {
        for log in [self.log.clone(), self.log.with_extension("serial")] {
            let name = log.file_name().unwrap_or_default().to_string_lossy();
            let kept = log.with_file_name(format!("cut-{name}"));
            fs::rename(&log, &kept).with_context(|| format!("keeping {}", log.display()))?;
        }
        Ok(())
    }
}

/// The last thing that the emulator complained about.
pub fn last_line(errors: &Path) -> String {
    let text = fs::read_to_string(errors).unwrap_or_default();
    text.lines().last().unwrap_or("it said nothing").to_owned()
}
