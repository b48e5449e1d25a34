//! The passphrase of the new disk: typed twice and unseen, or read from the kit partition. Before the first write, and never in a log.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::recovery_key;
use crate::decide::{Plan, Step};
use crate::error::Result;
use crate::medium::{self, Medium};
use crate::pid1::secret::{LONGEST, Secret, overwrite};
use crate::pid1::{console, keyboard};
use crate::settings::Settings;

/// Where the passphrase will come from.
#[derive(Debug)]
pub enum Source {
    /// It was on the kit partition.
    Kit(Secret),
    /// A person will type it, on keyboards with this layout. A serial terminal has a layout of its own.
    Person(String),
}

impl Source {
    /// Reads the passphrase from the kit partition if the settings name a file there. Asks nothing yet.
    ///
    /// # Errors
    /// The file cannot be read, is empty, or is too long.
    pub fn find(settings: &Settings, medium: &Medium) -> Result<Source> {
        let Some(name) = settings.luks.as_ref().and_then(|luks| luks.key_file.as_ref()) else {
            return Ok(Source::Person(keyboard::layout(settings.keymap.as_deref()).into()));
        };
        let read = medium::read_kit(medium, |kit| read(&kit.join(name)));
        let found = read.map_err(|error| error.while_doing(format!("reading luks.keyFile {name} from the kit partition")))?;
        log::info!("the passphrase is that of {name} on the kit partition");
        Ok(Source::Kit(found))
    }

    /// The keys for this plan, `None` when it encrypts nothing: the passphrase from the kit partition, or one that a person types twice.
    ///
    /// # Errors
    /// The kernel has no randomness for a recovery key.
    pub fn keys(self, plan: &Plan) -> Result<Option<Keys>> {
        let recovery = plan.steps.iter().any(|step| matches!(step, Step::RecoveryKey(_)));
        match (plan.container(), self) {
            (None, _) => Ok(None),
            (Some(_), Source::Kit(passphrase)) => Ok(Some(Keys { passphrase, recovery: None })),
            (Some(container), Source::Person(layout)) => typed(&container.label, &layout, recovery).map(Some),
        }
    }
}

/// The content of a file but for one line end behind it: the same passphrase has to be typed when the system starts.
fn read(path: &Path) -> std::io::Result<Secret> {
    // Room for a line end, and for a byte too many.
    let mut buffer = [0; LONGEST + 3];
    let mut length = 0;
    let mut file = File::open(path)?;
    while let Some(room) = buffer.get_mut(length..).filter(|room| !room.is_empty()) {
        match file.read(room)? {
            0 => break,
            count => length += count,
        }
    }
    let bytes = buffer.get(..length).unwrap_or_default();
    let line = bytes.strip_suffix(b"\n").map_or(bytes, |line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut secret = Secret::default();
    let fits = line.iter().all(|byte| secret.push(*byte));
    overwrite(&mut buffer);
    match (fits, secret.bytes()) {
        (false, _) => Err(std::io::Error::other(format!("it has more than {LONGEST} bytes"))),
        (true, []) => Err(std::io::Error::other("it is empty, and an empty passphrase protects nothing")),
        (true, _) => Ok(secret),
    }
}

/// What opens the container.
#[derive(Debug)]
pub struct Keys {
    /// Typed, or from the kit partition.
    pub passphrase: Secret,
    /// A second one, which the person has written down.
    pub recovery: Option<Secret>,
}

fn typed(label: &str, layout: &str, recovery: bool) -> Result<Keys> {
    loop {
        let why = match typed_twice(label, layout) {
            Err(why) => why,
            Ok((passphrase, _)) if !recovery => return Ok(Keys { passphrase, recovery: None }),
            Ok((passphrase, console)) => match recovery_key::show(recovery_key::make()?, &console) {
                Ok(key) => return Ok(Keys { passphrase, recovery: Some(key) }),
                Err(refused) => refused.to_string(),
            },
        };
        log::info!("{why}: again");
    }
}

/// The passphrase, and the console on which it was typed.
fn typed_twice(label: &str, layout: &str) -> std::result::Result<(Secret, String), String> {
    let question = format!("autoinstaller: passphrase for {label}, keyboard layout {layout} (input is hidden): ");
    let (first, console) = console::ask_hidden(&question, None);
    let first = first.map_err(|refused| refused.to_string())?;
    if first.bytes().is_empty() {
        return Err("an empty passphrase protects nothing".into());
    }
    // On the same console: another keyboard may have another layout.
    let (second, _) = console::ask_hidden("autoinstaller: the same passphrase again: ", Some(&console));
    let second = second.map_err(|refused| refused.to_string())?;
    if first.bytes() == second.bytes() { Ok((first, console)) } else { Err("the passphrases differ".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(content: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let path = std::env::temp_dir().join(format!("passphrase-{}-{}", std::process::id(), content.len()));
        std::fs::write(&path, content).unwrap();
        let secret = read(&path).map(|secret| secret.bytes().to_vec()).map_err(|error| error.to_string());
        std::fs::remove_file(&path).unwrap();
        secret
    }

    #[test]
    fn one_line_end_is_not_part_of_the_passphrase() {
        for (content, passphrase) in [("grün \n", "grün "), ("grün", "grün"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a\r", "a\r")] {
            assert_eq!(read_back(content.as_bytes()), Ok(passphrase.as_bytes().to_vec()));
        }
    }

    #[test]
    fn neither_empty_nor_longer_than_can_be_typed() {
        assert_eq!(read_back(b"\n").unwrap_err(), "it is empty, and an empty passphrase protects nothing");
        assert_eq!(read_back(&[b'x'; LONGEST]).unwrap().len(), LONGEST);
        for length in [LONGEST + 1, LONGEST + 2, LONGEST + 100] {
            assert_eq!(read_back(&vec![b'x'; length]).unwrap_err(), "it has more than 512 bytes");
        }
        assert!(read_back(&[&[b'x'; LONGEST + 1][..], b"\r\n"].concat()).is_err());
    }
}
