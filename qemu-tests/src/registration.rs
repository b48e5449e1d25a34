//! The database entries of store paths, as `nix-store --dump-db` and nixpkgs' `closureInfo` write them and `nix-store --load-db` reads
//! them. Both are brought into one form here, so that the same closure gives the same text: sorted, hashes in hexadecimal, and without
//! derivers, which are not on the medium.

use anyhow::{Context, Result, bail, ensure};

/// One store path.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// `/nix/store/…`
    pub path: String,
    /// SHA-256 of its archive, in hexadecimal.
    hash: String,
    /// Bytes of its archive.
    size: u64,
    references: Vec<String>,
}

/// Reads entries, in either form; they come sorted.
pub fn parse(text: &str) -> Result<Vec<Entry>> {
    let mut lines = text.lines();
    let mut entries = Vec::new();
    while let Some(path) = lines.next() {
        let reading = || format!("reading the registration of {path}");
        ensure!(path.starts_with("/nix/store/"), "{}: not a store path", reading());
        let mut line = || lines.next().with_context(|| format!("{}: it is cut off", reading()));
        let hash = hexadecimal(line()?).with_context(reading)?;
        let size = line()?.parse().with_context(reading)?;
        line()?;
        let count: usize = line()?.parse().with_context(reading)?;
        let mut references = (0..count).map(|_| line().map(str::to_owned)).collect::<Result<Vec<_>>>()?;
        references.sort();
        entries.push(Entry { path: path.to_owned(), hash, size, references });
    }
    entries.sort();
    Ok(entries)
}

/// What `nix-store --load-db` is given.
pub fn text(entries: &[Entry]) -> String {
    let entry = |Entry { path, hash, size, references }: &Entry| {
        let references: String = references.iter().map(|path| format!("{path}\n")).collect();
        format!("{path}\n{hash}\n{size}\n\n{}\n{references}", references.lines().count())
    };
    entries.iter().map(entry).collect()
}

/// A SHA-256 in any of Nix's spellings.
fn hexadecimal(hash: &str) -> Result<String> {
    let digits = hash.trim_start_matches("sha256:").trim_start_matches("sha256-");
    let bytes = match digits.len() {
        64 if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => return Ok(digits.to_ascii_lowercase()),
        // The last digit comes first; base 64 ends with one sign of padding.
        52 => bits(digits.bytes().rev(), NIX32, false),
        44 => bits(digits.trim_end_matches('=').bytes(), BASE64, true),
        _ => None,
    };
    match bytes {
        Some(bytes) => Ok(crate::cache::hex(&bytes)),
        None => bail!("{hash:?} is not a SHA-256 as Nix writes it"),
    }
}

/// Digits of Nix's base 32, which leaves out letters that make words.
const NIX32: &[u8] = b"0123456789abcdfghijklmnpqrsvwxyz";
/// Digits of base 64 (RFC 4648).
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The first 32 bytes of a row of digits; the highest bit of each digit is the first one, or the last.
fn bits(text: impl Iterator<Item = u8>, digits: &[u8], highest_first: bool) -> Option<[u8; 32]> {
    let width = digits.len().ilog2();
    let mut bytes = [0; 32];
    let mut place = 0;
    for sign in text {
        let value = digits.iter().position(|digit| *digit == sign)?;
        for bit in 0..width {
            let shift = if highest_first { width - 1 - bit } else { bit };
            if value >> shift & 1 == 1 {
                *bytes.get_mut(place / 8)? |= if highest_first { 0x80 >> (place % 8) } else { 1 << (place % 8) };
            }
            place += 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SHA-256 of nothing, as `nix hash` spells it.
    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const SPELLINGS: [&str; 4] = [
        "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        HEX,
    ];

    #[test]
    fn every_spelling_of_a_hash_is_the_same() {
        for spelling in SPELLINGS {
            assert_eq!(hexadecimal(spelling).unwrap(), HEX);
        }
        for wrong in ["", "sha256:0e", "sha1:da39a3ee", &"e".repeat(52)] {
            assert_eq!(hexadecimal(wrong).unwrap_err().to_string(), format!("{wrong:?} is not a SHA-256 as Nix writes it"));
        }
    }

    #[test]
    fn both_writers_give_the_same_text() {
        let dumped = format!("/nix/store/a\n{HEX}\n7\n/nix/store/a.drv\n2\n/nix/store/b\n/nix/store/a\n/nix/store/b\n{HEX}\n9\n\n0\n");
        let listed = format!("/nix/store/b\n{}\n9\n\n0\n/nix/store/a\n{0}\n7\n\n2\n/nix/store/a\n/nix/store/b\n", SPELLINGS[0]);
        let one = text(&parse(&dumped).unwrap());
        assert_eq!(one, text(&parse(&listed).unwrap()));
        assert_eq!(one, format!("/nix/store/a\n{HEX}\n7\n\n2\n/nix/store/a\n/nix/store/b\n/nix/store/b\n{HEX}\n9\n\n0\n"));
    }

    #[test]
    fn what_is_no_registration_is_refused() {
        let error = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert_eq!(error("\n"), "reading the registration of : not a store path");
        assert_eq!(error(&format!("/nix/store/a\n{HEX}\n1\n\n2\n/x\n")), "reading the registration of /nix/store/a: it is cut off");
    }
}
