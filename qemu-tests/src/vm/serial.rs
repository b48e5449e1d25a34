//! Listens to the guest's serial port: every byte goes to the script and to a file, every line with its time to a log.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};

use super::transcript::Transcript;

/// Reads the port on a thread until the emulator closes it. The bytes as they came go to a file beside the log. `report` gets the bytes, and `None` at the end.
pub fn listen(mut port: UnixStream, log: &Path, mut report: impl FnMut(Option<Vec<u8>>) + Send + 'static) -> Result<()> {
    let create = |path: &Path| File::create(path).with_context(|| format!("making the log {}", path.display()));
    let (file, mut all) = (create(log)?, create(&log.with_extension("serial"))?);
    let mut log = StampedLog { file, started: Instant::now(), clean: Transcript::default(), at_start: true };
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = port.read(&mut buffer) {
            log.write(&buffer[..count]);
            // As with the log: the script has its own copy.
            let _ = all.write_all(&buffer[..count]);
            report(Some(buffer[..count].to_vec()));
        }
        report(None);
    });
    Ok(())
}

struct StampedLog<W> {
    file: W,
    started: Instant,
    clean: Transcript,
    at_start: bool,
}

impl<W: Write> StampedLog<W> {
    /// A log that cannot be written must not stop the run: the script has its own copy of the text.
    fn write(&mut self, bytes: &[u8]) {
        for line in self.clean.push(bytes).split_inclusive('\n') {
            if self.at_start {
                let _ = write!(self.file, "[{:8.2}] ", self.started.elapsed().as_secs_f64());
            }
            let _ = self.file.write_all(line.as_bytes());
            self.at_start = line.ends_with('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_one_time() {
        let mut log = StampedLog { file: Vec::new(), started: Instant::now(), clean: Transcript::default(), at_start: true };
        for chunk in [&b"auto"[..], b"installer: a\r\n", b"b"] {
            log.write(chunk);
        }
        let text = String::from_utf8(log.file).unwrap();
        assert_eq!(text, "[    0.00] autoinstaller: a\n[    0.00] b");
    }
}
