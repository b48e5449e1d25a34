//! That a passphrase is nowhere but in the head of who typed it: not on the consoles, not on a disk, not in what it decrypts, not in
//! an argument or the environment of a process.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::super::{observer, sparse};

/// Shorter ones are found by chance.
const SHORTEST: usize = 8;

/// Fails if a file has the passphrase in it, which must be long enough not to be there by chance.
pub fn absent(file: &Path, passphrase: &str) -> Result<()> {
    ensure!(passphrase.len() >= SHORTEST, "looking for a passphrase of {} bytes: too short", passphrase.len());
    match sparse::find(file, passphrase.as_bytes())? {
        Some(at) => bail!("looking for the passphrase in {}: it stands at byte {at}", file.display()),
        None => Ok(()),
    }
}

/// Fails if it is in what the machine said or in any of its disks. With an observer on board the log has every argument and
/// environment as well, and must have those of the program that was told the passphrase.
pub fn check(dir: &Path, passphrase: &str, observed: bool) -> Result<()> {
    let listing = || format!("listing {}", dir.display());
    let mut logs = 0;
    for file in fs::read_dir(dir).with_context(listing)? {
        let file = file.with_context(listing)?.path();
        if file.is_file() {
            absent(&file, passphrase)?;
            logs += usize::from(file.extension().is_some_and(|ending| ending == "serial"));
        }
    }
    ensure!(logs > 0, "looking for the passphrase: there is no log of what the machine said");
    let log = dir.join("console.log");
    let text = fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))?;
    for told in ["luksFormat", "open"] {
        let line = format!("{}{told}\n", observer::PREFIX);
        ensure!(!observed || text.contains(&line), "looking for the passphrase: the observer saw no `{told}`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn it_is_found_wherever_it_stands() {
        let dir = scratch("secrets");
        let error = |observed| check(&dir, "correct horse", observed).unwrap_err().to_string();
        fs::write(dir.join("console.log"), "x\nOBSERVED luksFormat\n").unwrap();
        assert_eq!(error(false), "looking for the passphrase: there is no log of what the machine said");
        fs::write(dir.join("console.serial"), "x").unwrap();
        check(&dir, "correct horse", false).unwrap();
        assert_eq!(error(true), "looking for the passphrase: the observer saw no `open`");
        fs::write(dir.join("disk0.raw"), [vec![1; 65536 - 5], b"correct horse".to_vec()].concat()).unwrap();
        assert!(error(false).ends_with("disk0.raw: it stands at byte 65531"));
        assert!(absent(&dir.join("console.log"), "short").is_err());
    }
}
