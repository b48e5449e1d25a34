//! What the image and the kit partition put on the new root: which file goes where, with which mode and whose. Pure: it is given names and
//! the text of `files.manifest`, a line `MODE UID:GID PATH` for each path below `files` that is not to be 0600 and root's; a path that ends
//! with `/` is a directory. What a manifest does not name is placed all the same, for root alone.

use std::fmt;

use super::{Repository, Settings};
use crate::error::{Error, Kind, Result};

/// Where the lines of attributes are.
pub const MANIFEST: &str = "files.manifest";
/// What still fits on the screen with the plan.
pub const MOST_FILES: usize = 64;
/// Directories in directories, with `files` itself.
pub const DEEPEST: usize = 12;
/// Nothing goes below these: others own them, or they are gone when the machine starts.
pub(super) const NOT_HERE: [&str; 7] = ["nix", "boot", "dev", "proc", "sys", "run", "tmp"];

/// Who has files for the new root. Both are read in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The image, whose host was told so when it was built.
    Image,
    /// The kit partition.
    Kit,
}

impl Origin {
    /// What the names of its files begin with: they are paths of the initrd, or of the kit.
    pub fn prefix(self) -> &'static str {
        match self {
            Origin::Image => "/etc/autoinstaller/",
            Origin::Kit => "",
        }
    }

    /// Whose a file with this name is.
    pub fn of(name: &str) -> Origin {
        if name.starts_with(Origin::Image.prefix()) { Origin::Image } else { Origin::Kit }
    }

    /// What a mistake in it is a mistake of.
    pub fn kind(self) -> Kind {
        match self {
            Origin::Image => Kind::Settings,
            Origin::Kit => Kind::Kit,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Image => "the image",
            Origin::Kit => "the kit partition",
        })
    }
}

/// A file or directory to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name, which has the prefix of its origin; `None` for a directory.
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

/// Refuses to do without a kit partition that cannot be read, where something on it was asked for by name.
///
/// # Errors
/// The first setting that asks for it.
pub fn require_read(why: &str, settings: &Settings) -> Result<()> {
    let key_file = settings.luks.as_ref().is_some_and(|luks| luks.key_file.is_some());
    let wanted = [(settings.require_age_key, "requireAgeKey"), (key_file, "luks.keyFile"), (settings.wipe_kit, "kit.wipeAfterInstall")];
    let Some((_, key)) = wanted.iter().find(|(wanted, _)| *wanted) else { return Ok(()) };
    Err(Error::new(Kind::Kit, "reading the kit partition", format!("{why}, and {key} is set")))
}

/// Refuses files that would lie in the clone, before it is made.
///
/// # Errors
/// The first of them.
pub fn require_apart(items: &[Item], repository: &Repository) -> Result<()> {
    let Some(item) = items.iter().find(|item| repository.holds(&item.target)) else { return Ok(()) };
    let cause = "it would lie in repoClonePath, where git needs an empty directory";
    Err(Error::new(Kind::Kit, format!("placing {}", item.target), cause))
}

/// Everything that is placed of one origin, directories first. `names` are the files of both.
///
/// # Errors
/// A line of the manifest says nothing that can be done, or two files have one place.
pub fn inventory(origin: Origin, names: &[&str], manifest: &str, host: &str) -> Result<Vec<Item>> {
    let names: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix(origin.prefix())).collect();
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
    for name in &names {
        if let Some(path) = name.strip_prefix("files/") {
            let wrong = |cause| Error::new(origin.kind(), format!("reading {name} of {origin}"), cause);
            place(path).map_err(wrong)?;
            items.push(Item::file(name, path, 0o600));
        }
    }
    if let Some(twice) = clash(&items) {
        return Err(Error::new(origin.kind(), format!("reading {origin}"), format!("two of its files are for {twice}")));
    }
    let mut named: Vec<&str> = Vec::new();
    let lines = (1..).zip(manifest.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    for (number, text) in lines {
        let wrong = |cause| Error::new(origin.kind(), format!("reading line {number} of {MANIFEST} of {origin}"), cause);
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
            _ => return Err(wrong(format!("{source} is not on {origin}"))),
        }
    }
    items.iter_mut().filter_map(|item| item.source.as_mut()).for_each(|name| name.insert_str(0, origin.prefix()));
    Ok(items)
}

/// What is placed of both together. Of one path it is what the kit has.
///
/// # Errors
/// One has a file where the other has a directory.
pub fn together(image: Vec<Item>, kit: Vec<Item>) -> Result<Vec<Item>> {
    let same = |a: &Item, b: &Item| a.target == b.target && a.source.is_none() == b.source.is_none();
    let mut items: Vec<Item> = image.into_iter().filter(|item| !kit.iter().any(|other| same(item, other))).collect();
    items.extend(kit);
    match clash(&items) {
        Some(twice) => {
            Err(Error::new(Kind::Kit, "reading the kit partition", format!("one of its files and one of the image are for {twice}")))
        }
        None => Ok(items),
    }
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
    if path.split('/').count() > DEEPEST {
        return Err(format!("{path:?} lies in more than 11 directories"));
    }
    match path.split('/').next().filter(|first| NOT_HERE.contains(first)) {
        Some(first) => Err(format!("nothing can be placed in /{first}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
