//! The table of keys, and what becomes of their values.
//!
//! To add a setting: a row here, a field in [`Draft`] and in [`super::Settings`], an option of the same name in the Nix module.

use super::draft::Draft;
use super::grammar::{Entry, Source, SourceKind};
use super::{label, luks, nearest, network, online, repository, size, ssh};
use crate::error::{Error, Kind, Result};

/// Who may say it: consent and the choice of a disk are never taken from a file on the stick.
#[derive(PartialEq)]
enum Said {
    Anywhere,
    AtBoot,
}

struct Key {
    name: &'static str,
    said: Said,
    value: Value,
}

enum Value {
    Text(fn(&mut Draft, &str) -> std::result::Result<(), String>),
    Switch(fn(&mut Draft) -> &mut bool),
    /// Each value by itself; the same key again adds one.
    List(fn(&mut Draft) -> &mut Vec<String>, fn(&str) -> std::result::Result<String, String>),
}

const fn key(name: &'static str, said: Said, value: Value) -> Key {
    Key { name, said, value }
}

const KEYS: &[Key] = &[
    key("targetHost", Said::Anywhere, Value::Text(|d, v| host_name(v).map(|name| d.target_host = Some(name)))),
    key("prebuilt", Said::Anywhere, Value::Switch(|d| &mut d.prebuilt)),
    key("labels.efi", Said::Anywhere, Value::Text(|d, v| label::vfat(v).map(|label| d.labels.efi = label))),
    key("labels.luks", Said::Anywhere, Value::Text(|d, v| label::partition(v).map(|label| d.labels.luks = label))),
    key("labels.root", Said::Anywhere, Value::Text(|d, v| label::partition(v).map(|label| d.labels.root = label))),
    key("labels.swap", Said::Anywhere, Value::Text(|d, v| label::swap(v).map(|label| d.labels.swap = label))),
    key("esp.size", Said::Anywhere, Value::Text(|d, v| size::of_esp(v).map(|bytes| d.esp = Some(bytes)))),
    key("rootFs", Said::Anywhere, Value::Text(|d, v| v.parse().map(|kind| d.root_fs = kind))),
    key("luks.enable", Said::Anywhere, Value::Switch(|d| &mut d.luks_enable)),
    key("luks.mapperName", Said::Anywhere, Value::Text(|d, v| luks::mapper_name(v).map(|name| d.mapper_name = Some(name)))),
    key("luks.pbkdf.memory", Said::Anywhere, Value::Text(|d, v| luks::number(v, luks::MEMORY).map(|n| d.pbkdf.memory = Some(n)))),
    key("luks.pbkdf.iterations", Said::Anywhere, Value::Text(|d, v| luks::number(v, luks::ITERATIONS).map(|n| d.pbkdf.iterations = n))),
    key("luks.pbkdf.parallel", Said::Anywhere, Value::Text(|d, v| luks::number(v, luks::PARALLEL).map(|n| d.pbkdf.parallel = Some(n)))),
    key("luks.keyFile", Said::Anywhere, Value::Text(|d, v| file_name(v).map(|name| d.key_file = Some(name)))),
    key("luks.recoveryKey", Said::Anywhere, Value::Switch(|d| &mut d.recovery_key)),
    key("swap.enable", Said::Anywhere, Value::Switch(|d| &mut d.swap_enable)),
    key("swap.size", Said::Anywhere, Value::Text(|d, v| v.parse().map(|size| d.swap_size = Some(size)))),
    key("keymap", Said::Anywhere, Value::Text(|d, v| file_name(v).map(|name| d.keymap = Some(name)))),
    key("extraMountDirs", Said::Anywhere, Value::List(|d| &mut d.mount_dirs, directory)),
    key("requireAgeKey", Said::Anywhere, Value::Switch(|d| &mut d.require_age_key)),
    key("kit.wipeAfterInstall", Said::Anywhere, Value::Switch(|d| &mut d.wipe_kit)),
    key("network.enable", Said::Anywhere, Value::Switch(|d| &mut d.network.enable)),
    key("network.ip", Said::Anywhere, Value::Text(|d, v| v.parse().map(|ip| d.network.ip = Some(ip)))),
    key("wait-network", Said::Anywhere, Value::Text(|d, v| network::seconds(v).map(|wait| d.network.wait = wait))),
    key("repoRemote", Said::Anywhere, Value::Text(|d, v| repository::remote(v).map(|value| d.repository.remote = value))),
    key("repoBranch", Said::Anywhere, Value::Text(|d, v| repository::branch(v).map(|value| d.repository.branch = Some(value)))),
    key("repoRev", Said::Anywhere, Value::Text(|d, v| repository::rev(v).map(|value| d.repository.rev = Some(value)))),
    key("repoClonePath", Said::Anywhere, Value::Text(|d, v| repository::clone(v).map(|value| d.repository.clone = value))),
    key("targetUser", Said::Anywhere, Value::Text(|d, v| repository::user(v).map(|value| d.repository.user = Some(value)))),
    key("knownHosts", Said::Anywhere, Value::List(|d| &mut d.online.known_hosts, online::known_host)),
    key("nix.settings.substituters", Said::Anywhere, Value::List(|d| &mut d.online.substituters, online::substituter)),
    key("nix.settings.trusted-public-keys", Said::Anywhere, Value::List(|d| &mut d.online.trusted_keys, online::trusted_key)),
    key("deployKeyToUser", Said::Anywhere, Value::Switch(|d| d.key_to_user.get_or_insert(true))),
    key("ssh.authorizedKeys", Said::Anywhere, Value::List(|d| &mut d.ssh_keys, ssh::authorized_key)),
    key("waitBeforePowerOff", Said::Anywhere, Value::Switch(|d| &mut d.hold)),
    key("firmwareEntry", Said::Anywhere, Value::Switch(|d| d.firmware_entry.get_or_insert(true))),
    key("powerOff", Said::Anywhere, Value::Switch(|d| d.power_off.get_or_insert(true))),
    key(
        "disk",
        Said::AtBoot,
        Value::Text(|d, v| {
            d.disk = Some(v.into());
            Ok(())
        }),
    ),
    key(
        "confirm",
        Said::AtBoot,
        Value::Text(|d, v| {
            d.confirm = Some(v.into());
            Ok(())
        }),
    ),
    key("debug.panic", Said::AtBoot, Value::Text(|d, v| phase_mark(v).map(|mark| d.panic_at = Some(mark)))),
    key("dry-run", Said::AtBoot, Value::Switch(|d| &mut d.dry_run)),
    key("shell", Said::AtBoot, Value::Switch(|d| &mut d.shell)),
    key("unattended", Said::AtBoot, Value::Switch(|d| &mut d.unattended)),
    key("force-uefi", Said::AtBoot, Value::Switch(|d| &mut d.force_uefi)),
];

/// The keys that a settings file may have, for whoever describes them elsewhere.
pub fn of_files() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(|key| key.said == Said::Anywhere).map(|key| key.name)
}

/// Whether a key may be given more than once.
pub fn is_list(name: &str) -> bool {
    KEYS.iter().any(|key| key.name == name && matches!(key.value, Value::List(..)))
}

impl Draft {
    /// A later source replaces a list whole.
    pub fn forget_lists(&mut self, entries: &[Entry]) {
        for key in KEYS.iter().filter(|key| entries.iter().any(|entry| entry.key == key.name)) {
            if let Value::List(field, _) = key.value {
                field(self).clear();
            }
        }
    }

    /// Takes one entry in.
    pub fn set(&mut self, source: &Source, entry: &Entry) -> Result<()> {
        let wrong = |cause: String| Error::new(Kind::Settings, format!("reading {}", entry.place), cause);
        let Some(key) = KEYS.iter().find(|key| key.name == entry.key) else {
            let nearest = nearest::to(&entry.key, KEYS.iter().map(|key| key.name));
            return Err(wrong(format!("{} is not a setting; the nearest is {nearest}", entry.key)));
        };
        if key.said == Said::AtBoot && source.kind == SourceKind::File {
            let name = key.name;
            return Err(wrong(format!("{name} can only be given at boot, as install.{name}= on the kernel command line")));
        }
        // At boot the place has the key in it.
        let bad = |cause: String| match source.kind {
            SourceKind::File => wrong(format!("{}: {cause}", key.name)),
            SourceKind::Boot => wrong(cause),
        };
        match (&key.value, entry.value.as_deref()) {
            (Value::Text(set), Some(value)) if !value.is_empty() => set(self, value).map_err(bad),
            // Nothing, instead of what an earlier source has.
            (Value::List(..), Some("")) if source.kind == SourceKind::Boot => Ok(()),
            (Value::List(field, check), Some(value)) if !value.is_empty() => {
                let value = check(value).map_err(bad)?;
                field(self).push(value);
                Ok(())
            }
            (Value::Switch(_), None) if source.kind == SourceKind::File => Err(wrong(format!("{} needs a value", key.name))),
            (Value::Text(_) | Value::List(..), _) => Err(wrong(format!("{} needs a value", key.name))),
            (Value::Switch(field), None | Some("true")) => {
                *field(self) = true;
                Ok(())
            }
            (Value::Switch(field), Some("false")) => {
                *field(self) = false;
                Ok(())
            }
            (Value::Switch(_), Some(other)) => Err(wrong(format!("{other} is neither true nor false"))),
        }
    }
}

/// A directory of the new root; the older tool's paths started with the place where it is mounted.
fn directory(text: &str) -> std::result::Result<String, String> {
    let below = text.strip_prefix("/mnt").filter(|rest| rest.starts_with('/')).unwrap_or(text).trim_end_matches('/');
    let good = below.starts_with('/') && below.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."));
    if good { Ok(below.into()) } else { Err(format!("{text} is not an absolute path without . and ..")) }
}

/// Where this program can be made to panic: before the question, at it, or at a step.
fn phase_mark(text: &str) -> std::result::Result<String, String> {
    let known =
        matches!(text, "preparing" | "asking") || (text.len() < 3 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0'));
    if known { Ok(text.into()) } else { Err(format!("{text} is neither preparing nor asking nor the number of a step")) }
}

/// A file of a directory that is known.
fn file_name(text: &str) -> std::result::Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let good = text.len() < 256 && text.bytes().all(plain) && !text.starts_with('.');
    if good { Ok(text.into()) } else { Err(format!("{text:?} is not the name of a file: use letters, digits, . _ and -")) }
}

/// RFC 1123: letters, digits and inner hyphens, at most 63.
fn host_name(text: &str) -> std::result::Result<String, String> {
    let good =
        text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !text.starts_with('-') && !text.ends_with('-');
    if good { Ok(text.into()) } else { Err(format!("{text} is not a host name: use letters, digits and -")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_lead_nowhere_else() {
        assert_eq!(file_name("pass_phrase-1.txt").unwrap(), "pass_phrase-1.txt");
        for text in ["../x", "a/b", ".hidden", "a b", &"x".repeat(256)] {
            assert!(file_name(text).is_err(), "{text}");
        }
    }
}
