//! What an installation was asked for: the host's settings, and the words of the row over them.
//!
//! Read here by the plainest rule there is, the last value of a key wins, and not by `init`, whose reading is under test as well.
//! Sizes alone are left to its parser.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use init::settings::Size;

/// Before the keys of the settings that are given at boot.
const PREFIX: &str = "install.";

/// Every key with its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted(BTreeMap<String, String>);

impl Wanted {
    /// Reads `key=value` lines, then the words. A word without a value is a switch.
    pub fn read(settings: &str, words: &[&str]) -> Wanted {
        let words = words.iter().filter_map(|word| word.strip_prefix(PREFIX));
        let pair = |text: &str| {
            let (key, value) = text.split_once('=').unwrap_or((text, "true"));
            (key.to_owned(), value.to_owned())
        };
        Wanted(settings.lines().filter(|line| !line.is_empty()).chain(words).map(pair).collect())
    }

    /// The value of a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The value of a key that cannot be missing.
    pub fn need(&self, key: &str) -> Result<&str> {
        self.text(key).with_context(|| format!("looking for what was asked for: no {key}"))
    }

    /// Whether a switch is on; off unless somebody said so.
    pub fn on(&self, key: &str) -> bool {
        self.text(key) == Some("true")
    }

    /// A number, if the key was given.
    pub fn number(&self, key: &str) -> Result<Option<u64>> {
        self.text(key).map(|text| text.parse().with_context(|| format!("reading {key}={text}"))).transpose()
    }

    /// A size in bytes, on a disk with sectors of so many.
    pub fn bytes(&self, key: &str, sector: u32) -> Result<Option<u64>> {
        let read = |text: &str| {
            let size: Size = text.parse().map_err(|cause: String| anyhow!("reading {key}: {cause}"))?;
            size.bytes(sector.into()).with_context(|| format!("reading {key}: {text} has no end"))
        };
        self.text(key).map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_row_win() {
        let wanted = Wanted::read("targetHost=a\nswap.size=2G\n", &["install.swap.size=512M", "install.dry-run", "quiet"]);
        assert_eq!(wanted.bytes("swap.size", 512).unwrap(), Some(512 << 20));
        assert!(wanted.on("dry-run") && !wanted.on("quiet") && !wanted.on("swap.enable"));
        assert_eq!(wanted.need("targetHost").unwrap(), "a");
        assert_eq!(wanted.need("labels.luks").unwrap_err().to_string(), "looking for what was asked for: no labels.luks");
        assert!(Wanted::read("swap.size=lots", &[]).bytes("swap.size", 512).is_err());
        assert!(Wanted::read("n=x", &[]).number("n").is_err());
    }
}
