//! The emulator's control socket (QEMU Machine Protocol): commands with their answers, and what the guest did to the machine.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::keys;

/// An answer that takes longer means that the emulator hangs.
const ANSWER: Duration = Duration::from_secs(20);

/// Pause between two keys: the emulated keyboard holds 16 bytes, and an emulated guest reads slowly.
const KEY_PAUSE: Duration = Duration::from_millis(150);

/// What happened to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It went off, with QEMU's word for the reason.
    Shutdown(String),
    /// The guest reset it.
    Reset,
    /// The socket is closed: the emulator has ended.
    Closed,
}

/// A connection to one emulator.
pub struct Qmp {
    socket: UnixStream,
    answers: Receiver<Value>,
}

impl Qmp {
    /// Takes the socket; `report` gets what happens to the machine, from a thread of its own.
    pub fn start(socket: UnixStream, mut report: impl FnMut(Notice) + Send + 'static) -> Result<Qmp> {
        let reader = BufReader::new(socket.try_clone().context("sharing the QMP socket")?);
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                let Ok(message) = serde_json::from_str::<Value>(&line) else {
                    continue;
                };
                if message.get("return").is_some() || message.get("error").is_some() {
                    // The receiver is gone when nobody waits for answers any more.
                    let _ = sender.send(message);
                } else if let Some(notice) = notice(&message) {
                    report(notice);
                }
            }
            report(Notice::Closed);
        });
        let mut qmp = Qmp { socket, answers };
        qmp.execute("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Presses and releases keys, one character after the other.
    pub fn type_text(&mut self, text: &str) -> Result<()> {
        for c in text.chars() {
            self.chord(&keys::chord(c).with_context(|| format!("typing `{c}`: no key for it"))?)?;
            thread::sleep(KEY_PAUSE);
        }
        Ok(())
    }

    /// Presses keys together.
    pub fn chord(&mut self, keys: &[impl AsRef<str>]) -> Result<()> {
        let keys: Vec<Value> = keys.iter().map(|key| json!({"type": "qcode", "data": key.as_ref()})).collect();
        self.execute("send-key", json!({"keys": keys, "hold-time": 50}))
    }

    /// Writes what the VGA console shows as a PNG file.
    pub fn screendump(&mut self, path: &Path) -> Result<()> {
        self.execute("screendump", json!({"filename": path, "format": "png"}))
    }

    /// Writes a piece of the guest's physical memory to a file.
    pub fn memory(&mut self, address: u64, size: usize, path: &Path) -> Result<()> {
        self.execute("pmemsave", json!({"val": address, "size": size, "filename": path}))
    }

    /// Puts the cable of a network card in, or pulls it.
    pub fn set_link(&mut self, id: &str, up: bool) -> Result<()> {
        self.execute("set_link", json!({"name": id, "up": up}))
    }

    /// Opens an image for a device that will be plugged in; the one it had is closed when a device is pulled.
    pub fn add_image(&mut self, node: &str, path: &Path) -> Result<()> {
        let file = json!({"driver": "file", "filename": path});
        self.execute("blockdev-add", json!({"driver": "raw", "node-name": node, "file": file}))
    }

    /// Plugs a device in.
    pub fn plug(&mut self, device: Value) -> Result<()> {
        self.execute("device_add", device)
    }

    /// Pulls a device out.
    pub fn unplug(&mut self, id: &str) -> Result<()> {
        self.execute("device_del", json!({"id": id}))
    }

    /// Lets a drive write one byte a second: no write ends within a day, and none fails.
    pub fn slow_down(&mut self, drive: &str) -> Result<()> {
        let arguments = json!({"device": drive, "bps": 0, "bps_rd": 0, "bps_wr": 1, "iops": 0, "iops_rd": 0, "iops_wr": 0});
        self.execute("block_set_io_throttle", arguments)
    }

    /// Ends the emulator, which writes out what it still holds.
    pub fn quit(&mut self) -> Result<()> {
        self.execute("quit", json!({}))
    }

    fn execute(&mut self, command: &str, arguments: Value) -> Result<()> {
        let mut line = json!({"execute": command, "arguments": arguments}).to_string();
        line.push('\n');
        self.socket.write_all(line.as_bytes()).with_context(|| format!("sending `{command}` to QEMU"))?;
        let answer = self.answers.recv_timeout(ANSWER).with_context(|| format!("waiting for QEMU's answer to `{command}`"))?;
        match answer.pointer("/error/desc") {
            Some(error) => bail!("asking QEMU for `{command}`: {error}"),
            None => Ok(()),
        }
    }
}

fn notice(message: &Value) -> Option<Notice> {
    let reason = message.pointer("/data/reason").and_then(Value::as_str).unwrap_or_default();
    match message.get("event")?.as_str()? {
        "SHUTDOWN" => Some(Notice::Shutdown(reason.to_owned())),
        "RESET" if message.pointer("/data/guest") == Some(&Value::Bool(true)) => Some(Notice::Reset),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Notice> {
        notice(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn events_are_told_apart() {
        let off = r#"{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}"#;
        assert_eq!(of(off), Some(Notice::Shutdown("guest-shutdown".to_owned())));
        assert_eq!(of(r#"{"event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}"#), Some(Notice::Reset));
        assert_eq!(of(r#"{"event": "RESET", "data": {"guest": false}}"#), None);
        assert_eq!(of(r#"{"event": "RTC_CHANGE", "data": {}}"#), None);
    }

    #[test]
    fn answers_and_errors_reach_the_caller() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let server = thread::spawn(move || {
            let mut lines = BufReader::new(theirs.try_clone().unwrap()).lines();
            let mut theirs = theirs;
            for answer in [r#"{"return": {}}"#, r#"{"error": {"class": "x", "desc": "no such device"}}"#] {
                lines.next().unwrap().unwrap();
                writeln!(theirs, "{answer}").unwrap();
            }
        });
        let mut qmp = Qmp::start(ours, |_| ()).unwrap();
        let error = qmp.unplug("stick").unwrap_err();
        assert_eq!(error.to_string(), "asking QEMU for `device_del`: \"no such device\"");
        server.join().unwrap();
    }
}
