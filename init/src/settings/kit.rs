//! What the kit partition puts on the new root: which file goes where, with which mode and whose. Pure: it is given names and the text of
//! `files.manifest`, a line `MODE UID:GID PATH` for each path below `files` that is not to be 0600 and root's; a path that ends with `/`
//! is a directory. What a manifest does not name is placed all the same, for root alone.

use std::fmt;

use super::Repository;
use crate::error::{Error, Kind, Result};

/// Where the lines of attributes are.
pub const MANIFEST: &str = "files.manifest";
/// Nothing of the kit goes below these: others own them, or they are gone when the machine starts.
pub(super) const NOT_HERE: [&str; 7] = ["nix", "boot", "dev", "proc", "sys", "run", "tmp"];

/// A file or directory to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name on the kit, `None` for a directory.
    pub source: Option<String>,
    /// Its path on the installed system.
    pub target: String,
    /// Permissions.
    pub mode: u32,
    /// Owner and group.
    pub owner: (u32, u32),
}

impl Item {
    fn file(source: &str, target: &str, mode: u32) -> Item {
        Item { source: Some(source.into()), target: format!("/{target}"), mode, owner: (0, 0) }
    }

    fn directory(target: &str) -> Item {
        Item { source: None, target: format!("/{target}"), mode: 0o700, owner: (0, 0) }
    }

    /// Mode and owner as in a manifest.
    pub fn attributes(mode: u32, (uid, gid): (u32, u32)) -> String {
        format!("{mode:04o} {uid}:{gid}")
    }
}

impl fmt::Display for Item {
    /// The path; attributes where they are not those of a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (slash, usual) = if self.source.is_some() { ("", 0o600) } else { ("/", 0o700) };
        write!(f, "{}{slash}", self.target)?;
        if (self.mode, self.owner) == (usual, (0, 0)) { Ok(()) } else { write!(f, " ({})", Item::attributes(self.mode, self.owner)) }
    }
}

/// Where the age key of a host lies on the kit.
pub fn age_key(host: &str) -> String {
    format!("age/{host}.agekey")
}

/// Refuses files that would lie in the clone, before it is made.
///
/// # Errors
/// The first of them.
pub fn require_apart(items: &[Item], repository: &Repository) -> Result<()> {
    let Some(item) = items.iter().find(|item| repository.holds(&item.target)) else { return Ok(()) };
    let cause = "it would lie in repoClonePath, where git needs an empty directory";
    Err(Error::new(Kind::Kit, format!("placing {} from the kit partition", item.target), cause))
}

/// Everything that is placed, directories first. `names` are the files on the kit, by their paths there.
///
/// # Errors
/// A line of the manifest says nothing that can be done, or two files have one place.
pub fn inventory(names: &[&str], manifest: &str, host: &str) -> Result<Vec<Item>> {
    let has = |name: &str| names.contains(&name);
    let mut items: Vec<Item> = [("etc/age", has(&age_key(host))), ("root", names.iter().any(|name| name.starts_with("files/root/")))]
        .into_iter()
        .filter(|(_, wanted)| *wanted)
        .map(|(directory, _)| Item::directory(directory))
        .collect();
    let own = [
        (age_key(host), format!("etc/{}", age_key(host)), 0o600),
        ("ssh/host/ssh_host_ed25519_key".into(), "etc/ssh/ssh_host_ed25519_key".into(), 0o600),
        ("ssh/host/ssh_host_ed25519_key.pub".into(), "etc/ssh/ssh_host_ed25519_key.pub".into(), 0o644),
    ];
    items.extend(own.iter().filter(|(name, _, _)| has(name)).map(|(name, target, mode)| Item::file(name, target, *mode)));
    for name in names {
        if let Some(path) = name.strip_prefix("files/") {
            let wrong = |cause| Error::new(Kind::Kit, format!("reading {name} of the kit partition"), cause);
            place(path).map_err(wrong)?;
            items.push(Item::file(name, path, 0o600));
        }
    }
    if let Some(twice) = clash(&items) {
        return Err(Error::new(Kind::Kit, "reading the kit partition", format!("two of its files are for {twice}")));
    }
    let mut named: Vec<&str> = Vec::new();
    let lines = (1..).zip(manifest.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    for (number, text) in lines {
        let wrong = |cause| Error::new(Kind::Kit, format!("reading line {number} of {MANIFEST} of the kit partition"), cause);
        let (mode, owner, path) = line(text).map_err(wrong)?;
        if named.contains(&path) {
            return Err(wrong(format!("{path} is given twice")));
        }
        named.push(path);
        let target = format!("/{}", path.trim_end_matches('/'));
        let source = format!("files{target}");
        let is_directory = path.ends_with('/');
        match items.iter_mut().find(|item| item.target == target && item.source.is_none() == is_directory) {
            Some(item) if is_directory || item.source.as_ref() == Some(&source) => (item.mode, item.owner) = (mode, owner),
            None if is_directory && names.iter().any(|name| name.starts_with(&format!("{source}/"))) => {
                items.insert(0, Item { source: None, target, mode, owner });
            }
            _ => return Err(wrong(format!("{source} is not on the kit partition"))),
        }
    }
    Ok(items)
}

/// A path that two files want, one of them perhaps as a directory.
fn clash(items: &[Item]) -> Option<&str> {
    let files: Vec<&str> = items.iter().filter(|item| item.source.is_some()).map(|item| item.target.as_str()).collect();
    let below = |path: &str, other: &str| path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let meets = |path: &str| files.iter().filter(|other| below(other, path)).count() > 1;
    files.iter().copied().find(|path| meets(path))
}

fn line(text: &str) -> std::result::Result<(u32, (u32, u32), &str), String> {
    let mut words = text.trim_end().splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (mode, owner, path) = (word(), word(), word());
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let number = |text: &str| text.parse().ok().filter(|id: &u32| digits(text) && *id < u32::MAX);
    let mode_of = u32::from_str_radix(mode, 8).ok().filter(|bits| digits(mode) && *bits <= 0o777);
    let bits = mode_of.ok_or_else(|| format!("{mode:?} is not a mode: use 0600 to 0777"))?;
    let ids = owner.split_once(':').and_then(|(uid, gid)| Some((number(uid)?, number(gid)?)));
    let ids = ids.ok_or_else(|| format!("{owner:?} is not an owner: use UID:GID, in numbers"))?;
    place(path.strip_suffix('/').unwrap_or(path))?;
    Ok((bits, ids, path))
}

/// A path below the new root, in plain letters.
fn place(path: &str) -> std::result::Result<(), String> {
    let plain = path.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if !plain || path.split('/').any(|part| matches!(part, "" | "." | "..") || part.len() > 255) {
        return Err(format!("{path:?} is not a path below / without . and .., in ASCII"));
    }
    match path.split('/').next().filter(|first| NOT_HERE.contains(first)) {
        Some(first) => Err(format!("nothing can be placed in /{first}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 7] = [
        "age/ultraviolet.agekey",
        "age/other.agekey",
        "ssh/host/ssh_host_ed25519_key",
        "ssh/host/ssh_host_ed25519_key.pub",
        "ssh/deploy/id_ed25519",
        "files/etc/wpa.conf",
        "files/home/alice/a b",
    ];

    #[test]
    fn nothing_is_put_where_the_clone_goes() {
        let apart = |clone: &str| {
            let repository = Repository { clone: clone.into(), ..Repository::default() };
            require_apart(&[Item::file("files/srv/config/x", "srv/config/x", 0o600)], &repository).map_err(|error| error.to_string())
        };
        assert_eq!(
            apart("/mnt/srv/config"),
            Err("placing /srv/config/x from the kit partition: it would lie in repoClonePath, where git needs an empty directory".into())
        );
        assert_eq!((apart("/mnt/srv/conf"), apart("/mnt/srv/config/x")), (Ok(()), Ok(())));
    }

    fn read(manifest: &str) -> std::result::Result<Vec<String>, String> {
        let items = inventory(&NAMES, manifest, "ultraviolet").map_err(|error| error.to_string())?;
        Ok(items.iter().map(Item::to_string).collect())
    }

    #[test]
    fn everything_has_its_place() {
        let manifest = "# who\r\n\r\n0640 0:100 etc/wpa.conf\r\n700 1000:100 home/alice/\n";
        assert_eq!(
            read(manifest).unwrap(),
            [
                "/home/alice/ (0700 1000:100)",
                "/etc/age/",
                "/etc/age/ultraviolet.agekey",
                "/etc/ssh/ssh_host_ed25519_key",
                "/etc/ssh/ssh_host_ed25519_key.pub (0644 0:0)",
                "/etc/wpa.conf (0640 0:100)",
                "/home/alice/a b",
            ]
        );
        assert_eq!(inventory(&["files/root/x"], "", "a").unwrap(), [Item::directory("root"), Item::file("files/root/x", "root/x", 0o600)]);
        assert_eq!(inventory(&[], "", "a").unwrap(), []);
    }

    #[test]
    fn every_refusal_names_its_line() {
        for (line, cause) in [
            ("640 0:0", "\"\" is not a path below / without . and .., in ASCII"),
            ("640 0:0 /etc/wpa.conf", "\"/etc/wpa.conf\" is not a path below / without . and .., in ASCII"),
            ("640 0:0 etc/../wpa.conf", "\"etc/../wpa.conf\" is not a path below / without . and .., in ASCII"),
            ("640 0:0 etc/ä", "\"etc/ä\" is not a path below / without . and .., in ASCII"),
            ("640 0:0 boot/x", "nothing can be placed in /boot"),
            ("4755 0:0 etc/wpa.conf", "\"4755\" is not a mode: use 0600 to 0777"),
            ("+640 0:0 etc/wpa.conf", "\"+640\" is not a mode: use 0600 to 0777"),
            ("640 root:root etc/wpa.conf", "\"root:root\" is not an owner: use UID:GID, in numbers"),
            ("640 0:4294967295 etc/wpa.conf", "\"0:4294967295\" is not an owner: use UID:GID, in numbers"),
            ("640 0:0 etc/other.conf", "files/etc/other.conf is not on the kit partition"),
            ("640 0:0 etc/wpa.conf/", "files/etc/wpa.conf is not on the kit partition"),
            ("640 0:0 etc/ssh/ssh_host_ed25519_key", "files/etc/ssh/ssh_host_ed25519_key is not on the kit partition"),
            ("600 0:0 home/alice/a b\n600 0:0 etc/wpa.conf\n600 0:0 etc/wpa.conf", "etc/wpa.conf is given twice"),
        ] {
            let number = line.lines().count();
            assert_eq!(read(line).unwrap_err(), format!("reading line {number} of files.manifest of the kit partition: {cause}"));
        }
    }

    #[test]
    fn two_files_cannot_have_one_place() {
        let error = |names: &[&str]| inventory(names, "", "a").unwrap_err().to_string();
        assert_eq!(
            error(&["age/a.agekey", "files/etc/age/a.agekey"]),
            "reading the kit partition: two of its files are for /etc/age/a.agekey"
        );
        assert_eq!(
            error(&["files/etc/age/a.agekey/x", "age/a.agekey"]),
            "reading the kit partition: two of its files are for /etc/age/a.agekey"
        );
        assert_eq!(error(&["files/proc/x"]), "reading files/proc/x of the kit partition: nothing can be placed in /proc");
    }
}
