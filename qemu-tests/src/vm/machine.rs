//! A running virtual machine: QEMU as a child, its serial port and its control socket behind the trait that scripts are played on.
//!
//! Never leaves an emulator behind: it is killed with this value, and with the thread that started it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::accel::accel;
use super::command::{Boot, STICK, arguments, drive_id, late, late_id};
use super::login::Person;
use super::medium;
use super::qmp::Notice;
use super::scenario::{Console, Disk, Ssh};
use super::script::{End, Event, Machine};
use super::switch::{On, Switch, last_line};
use super::{nic, text_mode};
use crate::image::Image;

/// Between the guest's power-off and the end of the emulator there are only a few file closes.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How often it is looked whether a killed emulator has ended.
const GLANCE: Duration = Duration::from_millis(200);

/// How long a session may take to say it.
const LAST_SIGNALS: Duration = Duration::from_millis(50);

/// A machine that is on.
pub struct Running {
    on: On,
    switch: Switch,
    signals: Receiver<Signal>,
    disks: Vec<Disk>,
    person: Option<Person>,
    serial_closed: bool,
    qmp_closed: bool,
    end: Option<End>,
}

/// What an emulator or a session reports.
pub enum Signal {
    /// Bytes from the serial port; none are its end.
    Serial(Option<Vec<u8>>),
    /// The same from the session with that number.
    Session(usize, Option<Vec<u8>>),
    /// From the control socket.
    Qmp(Notice),
}

/// Switches a machine on. `dir` has its files; the log of its console gets the name `log`.
pub fn start(image: &Image, boot: &Boot, dir: &Path, log: &str) -> Result<Running> {
    let (sender, signals) = channel();
    let switch = Switch {
        words: arguments(image, boot, accel(&image.kernel)),
        // Long before the guest looks at its cards.
        unplugged: boot.nics.iter().enumerate().filter(|(_, card)| card.unplugged).map(|(index, _)| nic::id(index)).collect(),
        log: dir.join(log),
        errors: dir.join("qemu.stderr"),
        dir: dir.to_owned(),
        tpm: boot.tpm,
        sender,
    };
    let on = switch.on()?;
    let person = boot.login.map(|port| Person::new(dir, port)).transpose()?;
    Ok(Running { on, switch, signals, disks: boot.disks.to_vec(), person, serial_closed: false, qmp_closed: false, end: None })
}

impl Running {
    /// Writes what the VGA console shows as a PNG file; fails when the machine is off.
    pub fn screendump(&mut self, path: &Path) -> Result<()> {
        self.on.qmp.screendump(path)
    }

    /// Switches the machine off, if it is still on, and waits for the emulator: then its disks are complete.
    pub fn stop(mut self) {
        if self.on.qmp.quit().is_ok() {
            let deadline = Instant::now() + LAST_WORDS;
            while Instant::now() < deadline && !(self.serial_closed && self.qmp_closed) {
                self.next(Duration::from_millis(200));
            }
        }
        drop(self.on);
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
            .then(|| Event::Ended(self.end.clone().unwrap_or_else(|| End::Died(last_line(&self.switch.errors)))))
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
            Console::Keyboard => self.on.qmp.type_text(&format!("{text}\n")),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.on.port.write_all(bytes).context("writing to the serial port")
    }

    fn screen(&mut self) -> Result<String> {
        let file = Path::new("screen.bin");
        self.on.qmp.memory(text_mode::ADDRESS, text_mode::BYTES, file)?;
        let path = self.switch.dir.join(file);
        Ok(text_mode::text(&fs::read(&path).with_context(|| format!("reading {}", path.display()))?))
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        // QEMU runs in the directory of the scenario.
        self.on.qmp.screendump(Path::new(name))
    }

    fn plug(&mut self, disk: usize) -> Result<()> {
        let row = self.disks.get(disk).with_context(|| format!("plugging disk {disk} in: there is none"))?;
        self.on.qmp.plug(late(disk, row)?)
    }

    fn pull(&mut self, disk: usize) -> Result<()> {
        self.on.qmp.unplug(&late_id(disk))
    }

    fn stall(&mut self, disk: usize) -> Result<()> {
        self.on.qmp.slow_down(&drive_id(disk))
    }

    fn cable(&mut self, card: usize, there: bool) -> Result<()> {
        self.on.qmp.set_link(&nic::id(card), there)
    }

    fn unplug(&mut self) -> Result<()> {
        self.on.qmp.unplug(STICK)
    }

    fn lose_power(&mut self) -> Result<Vec<u8>> {
        self.on.emulator.kill();
        let (mut last_words, deadline) = (Vec::new(), Instant::now() + LAST_WORDS);
        while !(self.serial_closed && self.qmp_closed) {
            ensure!(Instant::now() < deadline, "cutting the power: the emulator lives on");
            if let Event::Output(bytes) = self.next(GLANCE) {
                last_words.extend(bytes);
            }
        }
        ensure!(self.end.is_none(), "cutting the power: the machine went off by itself");
        self.switch.keep_log()?;
        (self.serial_closed, self.qmp_closed) = (false, false);
        self.on = self.switch.on()?;
        Ok(last_words)
    }

    fn ctrl_alt_del(&mut self) -> Result<()> {
        self.on.qmp.chord(&["ctrl", "alt", "delete"])
    }

    fn plug_back(&mut self) -> Result<()> {
        self.on.qmp.add_image(STICK, Path::new(medium::FILE_NAME))?;
        self.on.qmp.plug(json!({"driver": "usb-storage", "id": STICK, "bus": "xhci.0", "drive": STICK, "removable": true}))
    }

    fn ssh(&mut self, what: &Ssh) -> Result<()> {
        let sender = self.switch.sender.clone();
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
