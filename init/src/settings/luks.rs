//! What can be asked of the encryption: names, cost of the key derivation, keys beside the typed passphrase. Pure.

use std::ops::RangeInclusive;

/// Encryption of the root file system: LUKS2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Luks {
    /// Name of the opened mapping, `/dev/mapper/NAME`, while installing and in the installed system.
    pub mapper_name: String,
    /// Cost of turning the passphrase into a key.
    pub pbkdf: Pbkdf,
    /// A file on the kit partition whose content is the passphrase; without one a person types it.
    pub key_file: Option<String>,
    /// Make a second key, and show it once to whoever typed the passphrase.
    pub recovery_key: bool,
}

/// Cost of argon2id (RFC 9106). Chosen, and not measured: a benchmark on a busy machine makes a weak header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pbkdf {
    /// Memory in MiB; by default what the machine can well spare.
    pub memory: Option<u32>,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes; by default as many as the machine has processors, up to 4.
    pub parallel: Option<u32>,
}

impl Default for Pbkdf {
    fn default() -> Self {
        Pbkdf { memory: None, iterations: 4, parallel: None }
    }
}

/// MiB. Less protects little; cryptsetup knows no more than 4 GiB.
pub const MEMORY: RangeInclusive<u32> = 32..=4096;
/// cryptsetup's own least; the most is where a typing error has a person wait for hours.
pub const ITERATIONS: RangeInclusive<u32> = 4..=64;
/// cryptsetup's own limits.
pub const PARALLEL: RangeInclusive<u32> = 1..=4;

/// A number within these limits.
pub fn number(text: &str, limits: RangeInclusive<u32>) -> Result<u32, String> {
    let wrong = || format!("{text} is not a number from {} to {}", limits.start(), limits.end());
    text.parse().ok().filter(|number| limits.contains(number)).ok_or_else(wrong)
}

/// A name of the device mapper that no tool has to quote, and that is a plain file name below `/dev/mapper`.
pub fn mapper_name(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'+');
    match text {
        // The device mapper's own node.
        "control" => Err("control cannot be the name of a mapping".into()),
        // That of the swap space during the installation.
        "installation-swap" => Err("installation-swap is the installer's own name of a mapping".into()),
        _ if text.len() < 128 && text.bytes().all(plain) && !text.starts_with('-') => Ok(text.into()),
        _ => Err(format!("{text:?} cannot be the name of a mapping: use at most 127 letters, digits, _ + and -, which cannot come first")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_limits() {
        assert_eq!(number("64", MEMORY), Ok(64));
        for text in ["31", "4097", "", "1G", "-1", "99999999999"] {
            assert_eq!(number(text, MEMORY).unwrap_err(), format!("{text} is not a number from 32 to 4096"));
        }
    }

    #[test]
    fn names_are_plain() {
        assert_eq!(mapper_name("cryptroot").unwrap(), "cryptroot");
        for text in ["control", "a/b", "a b", "..", "-a", &"x".repeat(128)] {
            assert!(mapper_name(text).is_err(), "{text}");
        }
    }
}
