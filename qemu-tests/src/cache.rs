//! What was built once is not built again: results lie under `target/`, named by a key over everything they
//! were made of. A half-made result is never taken for a whole one: it is made beside and renamed at the end.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// In the names of half-made results; the process follows.
const PART: &str = ".part-";

/// The repository's root.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// A directory under the build directory, made if missing.
pub fn directory(name: &str) -> Result<PathBuf> {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    };
    let directory = target.join(name);
    fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    Ok(directory)
}

/// A digest over labelled parts, so that moving a byte from one part to the next changes it.
#[derive(Clone, Default)]
pub struct Key(Sha256);

impl Key {
    /// An empty key for one kind of result; change the kind's name when the recipe changes.
    pub fn new(kind: &str) -> Self {
        let mut key = Self::default();
        key.add(kind.as_bytes());
        key
    }

    /// Adds one part.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }

    /// Adds the content of a file.
    pub fn add_file(&mut self, path: &Path) -> Result<()> {
        let (size, digest) = sha256_file(path)?;
        self.add(format!("{size} {digest}").as_bytes());
        Ok(())
    }

    /// Adds names, links and contents of everything below a directory, and of the modes what a store keeps: whether a file is a program.
    pub fn add_tree(&mut self, directory: &Path) -> Result<()> {
        let reading = || format!("reading {}", directory.display());
        let mut entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>).with_context(reading)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let kind = entry.metadata().with_context(reading)?;
            self.add(entry.file_name().as_encoded_bytes());
            if kind.is_symlink() {
                let target = fs::read_link(&path).with_context(reading)?;
                self.add(target.as_os_str().as_encoded_bytes());
            } else if kind.is_dir() {
                self.add_tree(&path)?;
                self.add(b"end of directory");
            } else {
                self.add(&[u8::from(kind.permissions().mode() & 0o100 != 0)]);
                self.add_file(&path)?;
            }
        }
        Ok(())
    }

    /// The whole digest.
    pub fn bytes(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    /// Enough of the digest to name a file.
    pub fn name(self) -> String {
        hex(&self.bytes()[..10])
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Size and SHA-256 of a file.
pub fn sha256_file(path: &Path) -> Result<(u64, String)> {
    let mut digest = Sha256::new();
    let size =
        File::open(path).and_then(|mut file| io::copy(&mut file, &mut digest)).with_context(|| format!("reading {}", path.display()))?;
    Ok((size, hex(&digest.finalize())))
}

/// Returns `path`, made by `make` unless it is there already. `make` is given a name beside it.
pub fn once(path: PathBuf, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    if path.exists() {
        return Ok(path);
    }
    let part = whole(&path, make)?;
    match fs::rename(&part, &path) {
        // Somebody else finished the same directory first: theirs is as good as ours.
        Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists) => remove(&part)?,
        renamed => renamed.with_context(|| format!("naming {}", path.display()))?,
    }
    Ok(path)
}

/// Makes a new `path` beside the old one and lets it take the old one's place when it is whole.
pub fn replace(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let part = whole(path, make)?;
    let renamed = fs::rename(&part, path).with_context(|| format!("naming {}", path.display()));
    if renamed.is_err() {
        remove(&part)?;
    }
    renamed
}

/// Makes the result under a name of its own, which says that it may be half-made.
fn whole(path: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let part = beside(path, &format!("{PART}{}", std::process::id()));
    remove(&part)?;
    match make(&part) {
        Ok(()) => Ok(part),
        Err(error) => remove(&part).and(Err(error)),
    }
}

/// Removes what interrupted runs left half-made. Only for the holder of the lock: nothing else may be in the making.
pub fn sweep() -> Result<()> {
    ["image", "iso", "parts", "parts/apt"].into_iter().try_for_each(sweep_one)
}

/// The same for one directory, which has a lock of its own.
pub fn sweep_one(name: &str) -> Result<()> {
    let directory = directory(name)?;
    let reading = || format!("reading {}", directory.display());
    for entry in fs::read_dir(&directory).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        if entry.file_name().to_string_lossy().contains(PART) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// `a.iso` and `.work` give `a.iso.work`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Has `work` done in a new directory beside a half-made result, which goes in any case.
pub fn with_directory(part: &Path, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let directory = beside(part, ".work");
    remove(&directory)?;
    fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    let worked = work(&directory);
    remove(&directory).and(worked)
}

/// Removes a file or a directory, which may be missing, and may hold the read-only directories of a store.
pub fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(kind) if kind.is_dir() => open_up(path).and_then(|()| fs::remove_dir_all(path)),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    removed.with_context(|| format!("removing {}", path.display()))
}

/// Makes every directory writable for its owner; files may be hard links to others and are left alone.
fn open_up(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    fs::read_dir(directory)?.try_for_each(|entry| {
        let entry = entry?;
        if entry.file_type()?.is_dir() { open_up(&entry.path()) } else { Ok(()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let key = |parts: &[&str]| {
            let mut key = Key::new("test");
            parts.iter().for_each(|part| key.add(part.as_bytes()));
            key.name()
        };
        assert_eq!(key(&["ab", "c"]), key(&["ab", "c"]));
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
    }

    #[test]
    fn a_failed_result_leaves_nothing_behind() {
        let place = std::env::temp_dir().join(format!("cache-test-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        let path = place.join("result");
        let failed = once(path.clone(), |part| {
            fs::write(part, "half")?;
            anyhow::bail!("making the result: no space left")
        });
        assert_eq!(failed.unwrap_err().to_string(), "making the result: no space left");
        assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
        once(path.clone(), |part| Ok(fs::write(part, "whole")?)).unwrap();
        once(path.clone(), |_| unreachable!()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        fs::create_dir_all(place.join("a/b")).unwrap();
        fs::set_permissions(place.join("a"), fs::Permissions::from_mode(0o555)).unwrap();
        remove(&place).unwrap();
        remove(&place).unwrap();
        assert!(!place.exists());
    }

    #[test]
    fn only_a_directory_that_somebody_else_finished_is_kept() {
        let place = std::env::temp_dir().join(format!("cache-test-other-{}", std::process::id()));
        let result = place.join("result");
        let overtaken = |part: &Path| Ok(fs::create_dir(part).and_then(|()| fs::create_dir_all(result.join("theirs")))?);
        fs::create_dir_all(&place).unwrap();
        once(result.clone(), overtaken).unwrap();
        assert!(result.join("theirs").is_dir());
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
        assert_eq!(replace(&result, overtaken).unwrap_err().to_string(), format!("naming {}", result.display()));
        remove(&place).unwrap();
    }
}
