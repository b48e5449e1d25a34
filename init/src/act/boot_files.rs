//! What systemd-boot will start: `loader.conf` and the type 1 entries. Boot Loader Specification; systemd-boot(7), loader.conf(5).

use std::fs::{read_dir, read_link, read_to_string};
use std::path::{Component, Path, PathBuf};

/// A boot loader entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its file name.
    pub name: String,
    /// Path of the kernel on the ESP.
    pub linux: String,
    /// Path of the initrd on the ESP.
    pub initrd: String,
    /// The kernel command line.
    pub options: String,
}

/// The entry that `loader.conf` names as default, on the ESP mounted at `esp`.
pub fn default_entry(esp: &Path) -> Result<Entry, String> {
    let conf = esp.join("loader/loader.conf");
    let conf = read_to_string(&conf).map_err(|e| format!("{}: {e}", conf.display()))?;
    let default = one(&conf, "default").map_err(|count| match count {
        0 => "loader.conf names no default entry".to_string(),
        count => format!("loader.conf names {count} default entries"),
    })?;
    let directory = esp.join("loader/entries");
    let entries = read_dir(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    // The default may be a pattern, and the newest generation sorts last.
    let name = names.into_iter().rfind(|name| name == default || crate::drivers::matches(default, name));
    let name = name.ok_or_else(|| format!("there is no boot entry {default}, the default of loader.conf"))?;
    let text = read_to_string(directory.join(&name)).map_err(|e| format!("{name}: {e}"))?;
    // systemd-boot joins several options, and takes the last of several kernels; NixOS writes one of each.
    let need = |key| {
        one(&text, key).map(String::from).map_err(|count| match count {
            0 => format!("the boot entry {name} has no {key}"),
            count => format!("the boot entry {name} has {count} lines {key}"),
        })
    };
    Ok(Entry { linux: need("linux")?, initrd: need("initrd")?, options: need("options")?, name: name.clone() })
}

/// The value of a key that is there exactly once, otherwise how often it is.
fn one<'a>(text: &'a str, key: &str) -> Result<&'a str, usize> {
    let pairs = text.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    let values: Vec<&str> = pairs.filter(|(k, _)| *k == key).map(|(_, value)| value.trim()).collect();
    match values.as_slice() {
        [value] => Ok(value),
        several => Err(several.len()),
    }
}

/// Resolves `path` as a process whose root is `root` would: absolute links stay inside. Every component must exist.
pub fn inside(root: &Path, path: &str) -> Result<PathBuf, String> {
    /// As many as the kernel follows (MAXSYMLINKS).
    const MOST_LINKS: u32 = 40;
    let mut todo: Vec<PathBuf> = parts(Path::new(path));
    let mut done = PathBuf::from(root);
    let mut links = 0;
    while let Some(part) = todo.pop() {
        if part.as_os_str() == ".." {
            if done != root {
                done.pop();
            }
            continue;
        }
        let next = done.join(&part);
        match read_link(&next) {
            Ok(target) => {
                links += 1;
                if links > MOST_LINKS {
                    return Err(format!("{path} leads through too many links"));
                }
                if target.is_absolute() {
                    done = root.into();
                }
                todo.extend(parts(&target));
            }
            Err(_) if next.exists() => done = next,
            Err(_) => return Err(format!("{path} leads to {}, which is not there", next.display())),
        }
    }
    Ok(done)
}

/// The components, last first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let named = path.components().filter(|c| matches!(c, Component::Normal(_) | Component::ParentDir));
    named.rev().map(|c| PathBuf::from(c.as_os_str())).collect()
}
