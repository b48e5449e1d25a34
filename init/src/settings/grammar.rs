//! The one grammar: `key=value`, a line each in a file, a word each with `install.` before it at boot.
//!
//! In a file, blank lines and lines that start with `#` say nothing. At boot, words of others (`quiet`, `console=`) are not ours.
//! A word without `=` is a switch, `install.dry-run`, and means true; a line of a file always has a value.

use crate::error::{Error, Kind, Result};

/// Where a text comes from, which decides what it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A settings file: a line per key; no consent and no choice of disk.
    File,
    /// SMBIOS strings or the kernel command line: words that start with `install.`.
    Boot,
}

/// A text and its name for error messages.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it.
    pub name: String,
    /// Its grammar and rights.
    pub kind: SourceKind,
    /// All it says.
    pub text: String,
}

impl Source {
    /// A settings file.
    pub fn file(name: &str, text: &str) -> Source {
        Source { name: name.into(), kind: SourceKind::File, text: text.into() }
    }

    /// The kernel's command line.
    pub fn command_line(text: &str) -> Source {
        Source { name: "the kernel command line".into(), kind: SourceKind::Boot, text: text.into() }
    }

    /// The OEM strings of the firmware, a line each.
    pub fn smbios(text: &str) -> Source {
        Source { name: "the SMBIOS strings".into(), kind: SourceKind::Boot, text: text.into() }
    }
}

/// One key with its value, and the place to name when it is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key without `install.`.
    pub key: String,
    /// The value; `None` for a switch.
    pub value: Option<String>,
    /// Such as `line 3 of settings`.
    pub place: String,
}

/// Splits a source into its entries. The same key twice is an error, since one of the two would be lost, unless it is a list.
pub fn entries(source: &Source, is_list: impl Fn(&str) -> bool) -> Result<Vec<Entry>> {
    let entries: Vec<Entry> = match source.kind {
        SourceKind::File => lines(source).collect(),
        SourceKind::Boot => words(source).collect(),
    };
    for (index, entry) in entries.iter().enumerate() {
        if !is_list(&entry.key) && entries.iter().take(index).any(|earlier| earlier.key == entry.key) {
            return Err(Error::new(Kind::Settings, format!("reading {}", entry.place), format!("{} is given twice", entry.key)));
        }
    }
    Ok(entries)
}

fn lines(source: &Source) -> impl Iterator<Item = Entry> + '_ {
    let said = source.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    said.map(|(index, line)| entry(line, format!("line {} of {}", index + 1, source.name)))
}

fn words(source: &Source) -> impl Iterator<Item = Entry> + '_ {
    // INSTALL_DISK= is what an older tool called install.disk=, and people have it in their boot entries; ip= is the kernel's own word.
    let modern = |word: &'_ str| {
        let of = |theirs, ours| word.strip_prefix(theirs).map(|value| format!("{ours}={value}"));
        let theirs = [("INSTALL_DISK=", "disk"), ("ip=", "network.ip"), ("REPO_REMOTE=", "repoRemote"), ("install.repo=", "repoRemote")];
        theirs.into_iter().find_map(|(theirs, ours)| of(theirs, ours))
    };
    let ours = source
        .text
        .split_ascii_whitespace()
        .filter_map(move |word| modern(word).or_else(|| word.strip_prefix("install.").map(String::from)));
    ours.map(|word| {
        let word = word.as_str();
        let mut entry = entry(word, String::new());
        entry.place = format!("install.{} of {}", entry.key, source.name);
        entry
    })
}

fn entry(text: &str, place: String) -> Entry {
    match text.split_once('=') {
        Some((key, value)) => Entry { key: key.trim().into(), value: Some(value.trim().into()), place },
        None => Entry { key: text.trim().into(), value: None, place },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(source: &Source) -> Result<Vec<Entry>> {
        super::entries(source, |key| key == "list")
    }

    #[test]
    fn files_have_lines_and_comments() {
        let found = entries(&Source::file("settings", "# a comment\n\ntargetHost = ultraviolet\n")).unwrap();
        assert_eq!(found, [Entry { key: "targetHost".into(), value: Some("ultraviolet".into()), place: "line 3 of settings".into() }]);
    }

    #[test]
    fn boot_words_of_others_are_ignored() {
        let found = entries(&Source::command_line("quiet root=/dev/sda install.shell xinstall.disk=sdb install.disk=a=b")).unwrap();
        let pairs: Vec<_> = found.iter().map(|e| (e.key.as_str(), e.value.as_deref())).collect();
        assert_eq!(pairs, [("shell", None), ("disk", Some("a=b"))]);
    }
}
