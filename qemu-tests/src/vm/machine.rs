//! A running virtual machine: QEMU as a child, its serial port and its control socket behind the trait that scripts are played on.
//!
//! Never leaves an emulator behind: it is killed with this value, and with the thread that started it.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::accel::accel;
use super::command::{Boot, STICK, arguments, late, late_id};
use super::emulator::{Emulator, qemu};
use super::login::Person;
use super::qmp::{Notice, Qmp};
use super::scenario::{Console, Disk, Ssh};
use super::script::{End, Event, Machine};
use super::{nic, serial, text_mode, tpm};
use crate::image::Image;

/// Between the guest's power-off and the end of the emulator there are only a few file closes.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How long a session may take to say it.
const LAST_SIGNALS: Duration = Duration::from_millis(50);

/// A machine that is on.
pub struct Running {
    emulator: Emulator,
    tpm: Option<Emulator>,
    port: UnixStream,
    qmp: Qmp,
    signals: Receiver<Signal>,
    disks: Vec<Disk>,
    person: Option<Person>,
    sender: Sender<Signal>,
    dir: PathBuf,
    errors: PathBuf,
    serial_closed: bool,
    qmp_closed: bool,
    end: Option<End>,
}

enum Signal {
    Serial(Option<Vec<u8>>),
    Session(usize, Option<Vec<u8>>),
    Qmp(Notice),
}

/// Switches a machine on. `dir` has its files; the log of its console gets the name `log`.
pub fn start(image: &Image, boot: &Boot, dir: &Path, log: &str) -> Result<Running> {
    let (port, guest_port) = UnixStream::pair().context("making the serial port")?;
    let (control, guest_control) = UnixStream::pair().context("making the control socket")?;
    let errors = dir.join("qemu.stderr");
    let tpm = boot.tpm.map(|_| tpm::start(dir)).transpose()?;
    let emulator = {
        // The command owns the guest's ends; they must be closed here, or the end of the emulator is never seen.
        let mut command = qemu();
        command
            .args(arguments(image, boot, accel(&image.kernel)))
            .args(["-chardev", "socket,id=serial,fd=0", "-serial", "chardev:serial"])
            .args(["-chardev", "socket,id=control,fd=1", "-mon", "chardev=control,mode=control"])
            .current_dir(dir)
            .stdin(OwnedFd::from(guest_port))
            .stdout(OwnedFd::from(guest_control))
            .stderr(File::create(&errors).with_context(|| format!("making {}", errors.display()))?);
        Emulator::start(&mut command).context("starting qemu-system-x86_64")?
    };
    let (sender, signals) = channel();
    let (for_serial, for_qmp) = (sender.clone(), sender.clone());
    let writer = port.try_clone().context("sharing the serial port")?;
    // Who takes the signals may have stopped listening: then nobody needs them.
    serial::listen(port, &dir.join(log), move |bytes| drop(for_serial.send(Signal::Serial(bytes))))?;
    let mut qmp = Qmp::start(control, move |notice| drop(for_qmp.send(Signal::Qmp(notice))))
        .with_context(|| format!("starting qemu-system-x86_64: {}", last_line(&errors)))?;
    // Long before the guest looks at its cards.
    for (index, _) in boot.nics.iter().enumerate().filter(|(_, card)| card.unplugged) {
        qmp.set_link(&nic::id(index), false)?;
    }
    let person = boot.login.map(|port| Person::new(dir, port)).transpose()?;
    let (disks, dir) = (boot.disks.to_vec(), dir.to_owned());
    Ok(Running {
        emulator,
        tpm,
        port: writer,
        qmp,
        signals,
        disks,
        person,
        sender,
        dir,
        errors,
        serial_closed: false,
        qmp_closed: false,
        end: None,
    })
}

impl Running {
    /// Writes what the VGA console shows as a PNG file; fails when the machine is off.
    pub fn screendump(&mut self, path: &Path) -> Result<()> {
        self.qmp.screendump(path)
    }

    /// Switches the machine off, if it is still on, and waits for the emulator: then its disks are complete.
    pub fn stop(mut self) {
        if self.qmp.quit().is_ok() {
            let deadline = Instant::now() + LAST_WORDS;
            while Instant::now() < deadline && !(self.serial_closed && self.qmp_closed) {
                self.next(Duration::from_millis(200));
            }
        }
        drop((self.emulator, self.tpm));
    }

    fn person(&mut self) -> Result<&mut Person> {
        self.person.as_mut().context("logging in: this machine has no network for that")
    }

    fn take(&mut self, signal: Signal) -> Option<Event> {
        match signal {
            Signal::Serial(Some(bytes)) => return Some(Event::Output(bytes)),
            Signal::Serial(None) => self.serial_closed = true,
            Signal::Session(number, bytes) => {
                let current = self.person.as_ref().is_some_and(|person| person.count() == number);
                return current.then(|| Event::Session(bytes.unwrap_or_default()));
            }
            Signal::Qmp(Notice::Reset) => return Some(Event::Reset),
            Signal::Qmp(Notice::Shutdown(reason)) => {
                self.end = Some(match reason.as_str() {
                    "guest-shutdown" => End::PowerOff,
                    "guest-reset" | "guest-panic" => End::Reset,
                    other => End::Died(other.to_owned()),
                });
            }
            Signal::Qmp(Notice::Closed) => self.qmp_closed = true,
        }
        None
    }

    /// All output has been given out and the reason, if there is one, is known.
    fn ended(&self) -> Option<Event> {
        (self.serial_closed && self.qmp_closed)
            .then(|| Event::Ended(self.end.clone().unwrap_or_else(|| End::Died(last_line(&self.errors)))))
    }
}

impl Machine for Running {
    fn next(&mut self, wait: Duration) -> Event {
        let deadline = Instant::now() + wait;
        loop {
            let ended = self.ended();
            // A session may have more to say than the machine that is off.
            let left = if ended.is_some() { LAST_SIGNALS } else { deadline.saturating_duration_since(Instant::now()) };
            let Ok(signal) = self.signals.recv_timeout(left) else {
                return ended.unwrap_or(Event::Quiet);
            };
            if let Some(event) = self.take(signal) {
                return event;
            }
        }
    }

    fn type_line(&mut self, console: Console, text: &str) -> Result<()> {
        match console {
            Console::Serial => self.send(format!("{text}\r").as_bytes()),
            Console::Session => self.person()?.send(format!("{text}\r").as_bytes()),
            Console::Keyboard => self.qmp.type_text(&format!("{text}\n")),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.port.write_all(bytes).context("writing to the serial port")
    }

    fn screen(&mut self) -> Result<String> {
        let file = Path::new("screen.bin");
        self.qmp.memory(text_mode::ADDRESS, text_mode::BYTES, file)?;
        let path = self.dir.join(file);
        Ok(text_mode::text(&fs::read(&path).with_context(|| format!("reading {}", path.display()))?))
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        // QEMU runs in the directory of the scenario.
        self.qmp.screendump(Path::new(name))
    }

    fn plug(&mut self, disk: usize) -> Result<()> {
        let row = self.disks.get(disk).with_context(|| format!("plugging disk {disk} in: there is none"))?;
        self.qmp.plug(late(disk, row)?)
    }

    fn pull(&mut self, disk: usize) -> Result<()> {
        self.qmp.unplug(&late_id(disk))
    }

    fn cable(&mut self, card: usize, there: bool) -> Result<()> {
        self.qmp.set_link(&nic::id(card), there)
    }

    fn unplug(&mut self) -> Result<()> {
        self.qmp.unplug(STICK)
    }

    fn ssh(&mut self, what: &Ssh) -> Result<()> {
        let sender = self.sender.clone();
        let person = self.person()?;
        // What a session of before still has to say is no part of this one.
        let number = person.count() + 1;
        // As with the serial port.
        let report = move |bytes| drop(sender.send(Signal::Session(number, bytes)));
        match what {
            Ssh::LogIn => person.log_in(None, report),
            Ssh::Begin(words) => person.log_in(Some(words), report),
            what => person.does(what),
        }
    }

    fn fingerprint(&mut self) -> Result<String> {
        self.person()?.fingerprint()
    }
}

fn last_line(errors: &Path) -> String {
    let text = fs::read_to_string(errors).unwrap_or_default();
    text.lines().last().unwrap_or("it said nothing").to_owned()
}
