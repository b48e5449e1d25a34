//! An encrypted container as cryptsetup reads it: its header against golden text, and what lies in it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::decrypt::{Segment, decrypt};
use super::{Installed, Wanted, filesystem};
use crate::command::{self, tool};

/// What `cryptsetup luksDump` has to say, with one space where it has several.
const GOLDEN: &str = include_str!("luks.golden");

/// The lines of a second key, which is random and so needs no costly derivation; they come before the tokens.
const RECOVERY: &str = include_str!("luks-recovery.golden");

/// Lines whose value is another in every container.
const RANDOM: [&str; 5] = ["UUID:", "Epoch:", "Salt:", "Digest:", "Iterations:"];

/// Processors of the machine, and so lanes unless somebody asked for others.
const PROCESSORS: u64 = 2;

/// Checks the container, on a disk with sectors of so many bytes, and writes what it holds.
pub fn open(part: &Path, label: &str, sector: u32, expected: &Installed, plain: &Path) -> Result<()> {
    let subject = format!("opening the container {label}");
    filesystem::expect(part, "crypto_LUKS", label)?;
    let dump = |option: Option<&str>| command::text(&subject, tool("cryptsetup").arg("luksDump").args(option).arg(part));
    compare(&normal(&dump(None)?), (label, sector), expected.wanted, expected.ram_mib)?;
    let segment = Segment::of(&dump(Some("--dump-json-metadata"))?).with_context(|| subject.clone())?;
    let passphrase = expected.keys.passphrase.as_deref().context("opening the container: the row has no passphrase")?;
    let key = volume_key(&subject, part, passphrase)?;
    if expected.wanted.on("luks.recoveryKey") {
        let recovery = expected.keys.recovery.as_deref().context("opening the container: no recovery key was written down")?;
        let same = volume_key(&format!("{subject} with the recovery key"), part, recovery)? == key;
        ensure!(same, "{subject}: the recovery key opens another");
    }
    decrypt(part, &segment, &key, plain)
}

/// The key of the data, which the passphrase opens.
fn volume_key(subject: &str, part: &Path, passphrase: &str) -> Result<Vec<u8>> {
    let (typed, key) = (part.with_extension("passphrase"), part.with_extension("key"));
    // What it would write its key to must not be there yet.
    crate::cache::remove(&key)?;
    fs::write(&typed, passphrase).with_context(|| format!("writing {}", typed.display()))?;
    let mut command = tool("cryptsetup");
    command.args(["luksDump", "--batch-mode", "--dump-volume-key", "--key-file"]).arg(&typed).arg("--volume-key-file").arg(&key);
    command::run(subject, command.arg(part))?;
    fs::read(&key).with_context(|| format!("reading {}", key.display()))
}

/// The lines of a dump, with one space between words, without the digits of random values.
fn normal(dump: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for words in dump.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty()) {
        // Bytes in hexadecimal, which go on from the line before.
        if words.iter().all(|word| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            continue;
        }
        lines.push(if RANDOM.contains(&words[0]) { format!("{} *", words[0]) } else { words.join(" ") });
    }
    lines
}

fn compare(found: &[String], (label, sector): (&str, u32), wanted: &Wanted, ram_mib: u32) -> Result<()> {
    let memory = number(found, "Memory:")?;
    check_memory(memory, wanted, ram_mib)?;
    let threads = wanted.number("luks.pbkdf.parallel")?.unwrap_or(PROCESSORS);
    let iterations = wanted.number("luks.pbkdf.iterations")?.unwrap_or(4);
    let golden = GOLDEN.replace("{label}", label).replace("{memory}", &memory.to_string()).replace("{sector}", &sector.to_string());
    let golden = golden.replace("{threads}", &threads.to_string()).replace("{iterations}", &iterations.to_string());
    let second = if wanted.on("luks.recoveryKey") { RECOVERY } else { "" };
    let golden = golden.replace("Tokens:", &format!("{second}Tokens:"));
    let mut found = found.iter().map(String::as_str);
    for line in golden.lines() {
        let next = found.next().unwrap_or("nothing");
        ensure!(next == line, "comparing the header of {label}: `{next}` stands where `{line}` should");
    }
    if let Some(more) = found.next() {
        bail!("comparing the header of {label}: after its end stands `{more}`");
    }
    Ok(())
}

/// In KiB, where the settings have MiB. Left to itself the installer takes a quarter of the machine's memory, of which the firmware
/// and the kernel have had their part, and from 64 MiB to 1 GiB.
fn check_memory(kib: u64, wanted: &Wanted, ram_mib: u32) -> Result<()> {
    let (least, most) = match wanted.number("luks.pbkdf.memory")? {
        Some(mib) => (mib, mib),
        None => ((u64::from(ram_mib) / 5).clamp(64, 1024), (u64::from(ram_mib) / 4).clamp(64, 1024)),
    };
    ensure!((least * 1024..=most * 1024).contains(&kib), "checking the key derivation: {kib} KiB are not from {least} to {most} MiB");
    Ok(())
}

/// The number on the one line that begins so.
fn number(lines: &[String], name: &str) -> Result<u64> {
    let values: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix(name)).collect();
    let [value] = values[..] else { bail!("reading the header: {} lines `{name}`", values.len()) };
    value.split_whitespace().next().and_then(|word| word.parse().ok()).with_context(|| format!("reading the header: `{name}{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(memory: u64) -> Vec<String> {
        let text = GOLDEN.replace("{label}", "L").replace("{sector}", "512").replace("{iterations}", "4").replace("{threads}", "2");
        normal(&text.replace("{memory}", &memory.to_string()).replace("Salt: *", "Salt:  \t07 ab\n\t   0c 1d"))
    }

    fn verdict(lines: &[String], words: &[&str]) -> String {
        compare(lines, ("L", 512), &Wanted::read("", words), 1024).map_or_else(|error| error.to_string(), |()| "good".to_owned())
    }

    #[test]
    fn a_header_is_good_or_the_first_wrong_line_is_named() {
        assert_eq!(verdict(&dump(240 * 1024), &[]), "good");
        assert_eq!(verdict(&dump(32 * 1024), &["install.luks.pbkdf.memory=32"]), "good");
        assert_eq!(verdict(&dump(32 * 1024), &[]), "checking the key derivation: 32768 KiB are not from 204 to 256 MiB");
        let changed = |from: &str, to: &str| {
            let lines: Vec<String> = dump(240 * 1024).iter().map(|line| line.replace(from, to)).collect();
            verdict(&lines, &[])
        };
        let stands = |is: &str, should: &str| format!("comparing the header of L: `{is}` stands where `{should}` should");
        assert_eq!(changed("argon2id", "pbkdf2"), stands("PBKDF: pbkdf2", "PBKDF: argon2id"));
        assert_eq!(changed("Version: 2", "Version: 1"), stands("Version: 1", "Version: 2"));
        assert_eq!(changed("(no flags)", "allow-discards"), stands("Flags: allow-discards", "Flags: (no flags)"));
        assert_eq!(verdict(&dump(240 * 1024), &["install.luks.pbkdf.iterations=5"]), stands("Time cost: 4", "Time cost: 5"));
        let mut second = dump(240 * 1024);
        let tokens = second.iter().position(|line| line == "Tokens:").unwrap();
        second.insert(tokens, "1: luks2".to_owned());
        assert_eq!(verdict(&second, &[]), stands("1: luks2", "Tokens:"));
        second.remove(tokens);
        second.push("1: pbkdf2".to_owned());
        assert_eq!(verdict(&second, &[]), "comparing the header of L: after its end stands `1: pbkdf2`");
    }
}
