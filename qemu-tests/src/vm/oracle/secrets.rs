//! That a passphrase is nowhere but in the head of who typed it, and a recovery key nowhere but on the paper of who was shown it: not
//! on the serial line, not on a disk, not in what they decrypt, not in an argument or the environment of a process.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::super::{observer, sparse};

/// A variable that the program which is told has in its environment, and nobody else.
const ENVIRONMENT: &str = "DM_DISABLE_UDEV=1";

/// Shorter ones are found by chance.
const SHORTEST: usize = 8;

/// What opens an encrypted disk.
#[derive(Debug, Default)]
pub struct Keys {
    /// Typed.
    pub passphrase: Option<String>,
    /// Shown, in groups that are not part of it.
    pub recovery: Option<String>,
    shown: Option<String>,
}

impl Keys {
    /// The passphrase of the row, and what was written down from the screen: of several keys the last.
    pub fn new(passphrase: Option<&str>, shown: &[String]) -> Keys {
        let shown = shown.last().cloned();
        Keys { passphrase: passphrase.map(str::to_owned), recovery: shown.as_ref().map(|shown| shown.replace(' ', "")), shown }
    }

    /// Fails if a file has one of them in it, in any spelling.
    pub fn absent(&self, file: &Path) -> Result<()> {
        let spellings = [("passphrase", &self.passphrase), ("recovery key", &self.recovery), ("recovery key in groups", &self.shown)];
        spellings.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))).try_for_each(|(name, text)| absent(file, name, text))
    }
}

/// The secret must be long enough not to be there by chance.
fn absent(file: &Path, name: &str, secret: &str) -> Result<()> {
    ensure!(secret.len() >= SHORTEST, "looking for a {name} of {} bytes: too short", secret.len());
    match sparse::find(file, secret.as_bytes())? {
        Some(at) => bail!("looking for the {name} in {}: it stands at byte {at}", file.display()),
        None => Ok(()),
    }
}

/// Fails if one of them is in what the machine said or in any of its disks, other than the file where somebody has put it. With an observer
/// on board the log has every argument and environment as well, and must have those of the programs that were told.
pub fn check(dir: &Path, keys: &Keys, known_there: Option<&str>, observed: bool) -> Result<()> {
    if keys.passphrase.is_none() && keys.recovery.is_none() {
        return Ok(());
    }
    let listing = || format!("listing {}", dir.display());
    let mut logs = 0;
    for file in fs::read_dir(dir).with_context(listing)? {
        let file = file.with_context(listing)?.path();
        if file.is_file() && file.file_name() != known_there.map(OsStr::new) {
            keys.absent(&file)?;
            logs += usize::from(file.extension().is_some_and(|ending| ending == "serial"));
        }
    }
    ensure!(logs > 0, "looking for the passphrase: there is no log of what the machine said");
    let log = dir.join("console.log");
    let text = fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))?;
    let added = keys.recovery.is_some().then_some("luksAddKey");
    for told in ["luksFormat", "open", ENVIRONMENT].into_iter().chain(added) {
        let line = format!("{}{told}\n", observer::PREFIX);
        ensure!(!observed || text.contains(&line), "looking for the passphrase: the observer saw no `{told}`");
    }
    Ok(())
}

/// Fails if a line of what was put on the kit for the new root, and is nobody else's business, is in what the machine said, in an argument
/// or an environment that an observer saw, or in the log on the new root.
pub fn of_kit(dir: &Path, kit: &[(String, String)], observed: bool) -> Result<()> {
    for log in ["console.log", "console.serial", "session1.log", "session2.log", "oracle/root/var/log/autoinstaller.log"]
        .map(|name| dir.join(name))
    {
        if log.exists() {
            let text = fs::read(&log).with_context(|| format!("reading {}", log.display()))?;
            said(kit, &String::from_utf8_lossy(&text)).with_context(|| format!("searching {}", log.display()))?;
        }
    }
    let log = fs::read(dir.join("console.log")).context("reading what the observer saw")?;
    ensure!(!observed || String::from_utf8_lossy(&log).contains(observer::PREFIX), "the observer saw nothing");
    Ok(())
}

/// Fails if the text has a line of a secret of the kit.
pub fn said(kit: &[(String, String)], text: &str) -> Result<()> {
    let private = kit.iter().filter(|(name, _)| ["age/", "ssh/", "files/", "luks.key"].iter().any(|place| name.starts_with(place)));
    let mut lines = private.flat_map(|(name, text)| text.lines().map(move |line| (name, line))).filter(|(_, line)| line.len() >= SHORTEST);
    match lines.find(|(_, line)| text.contains(line)) {
        Some((name, _)) => bail!("a line of {name} of the kit was said"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn secrets_of_the_kit_are_found_in_logs() {
        let kit = [("settings", "swap.enable=false"), ("age/a.agekey", "# a\nAGE-SECRET-KEY-1"), ("luks.key", "short")];
        let kit = kit.map(|(name, text)| (name.to_owned(), text.to_owned()));
        said(&kit, "short swap.enable=false # a").unwrap();
        assert_eq!(said(&kit, "x AGE-SECRET-KEY-1 y").unwrap_err().to_string(), "a line of age/a.agekey of the kit was said");
        let dir = scratch("kit-secrets");
        assert!(of_kit(&dir, &kit, false).is_err());
        fs::write(dir.join("console.log"), "nothing").unwrap();
        of_kit(&dir, &kit, false).unwrap();
        assert_eq!(of_kit(&dir, &kit, true).unwrap_err().to_string(), "the observer saw nothing");
        fs::write(dir.join("console.log"), "OBSERVED AGE-SECRET-KEY-1").unwrap();
        assert!(of_kit(&dir, &kit, true).is_err());
    }

    #[test]
    fn it_is_found_wherever_it_stands() {
        let dir = scratch("secrets");
        let keys = Keys::new(Some("correct horse"), &["cccc dddd".to_owned()]);
        let error = |observed| check(&dir, &keys, None, observed).unwrap_err().to_string();
        fs::write(dir.join("console.log"), "x\nOBSERVED luksFormat\n").unwrap();
        assert_eq!(error(false), "looking for the passphrase: there is no log of what the machine said");
        fs::write(dir.join("console.serial"), "x").unwrap();
        check(&dir, &keys, None, false).unwrap();
        assert_eq!(error(true), "looking for the passphrase: the observer saw no `open`");
        fs::write(dir.join("disk0.raw"), [vec![1; 65536 - 5], b"correct horse".to_vec()].concat()).unwrap();
        assert!(error(false).ends_with("disk0.raw: it stands at byte 65531"));
        for (text, name) in [("cccc dddd", "recovery key in groups"), ("ccccdddd", "recovery key")] {
            fs::write(dir.join("disk0.raw"), text).unwrap();
            assert!(error(false).starts_with(&format!("looking for the {name} in ")), "{}", error(false));
        }
        check(&dir, &keys, Some("disk0.raw"), false).unwrap();
        fs::write(dir.join("disk0.raw"), "").unwrap();
        fs::write(dir.join("console.log"), "OBSERVED luksFormat\nOBSERVED open\n").unwrap();
        assert_eq!(error(true), "looking for the passphrase: the observer saw no `DM_DISABLE_UDEV=1`");
        fs::write(dir.join("console.log"), "OBSERVED luksFormat\nOBSERVED open\nOBSERVED DM_DISABLE_UDEV=1\n").unwrap();
        assert_eq!(error(true), "looking for the passphrase: the observer saw no `luksAddKey`");
        assert!(absent(&dir.join("console.log"), "passphrase", "short").is_err());
    }
}
