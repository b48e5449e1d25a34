//! What somebody has put on the kit partition, and the files that the image has for the new root. All of it is read before the question: a
//! stick that is pulled or changed later cannot alter what was confirmed. In memory alone, and overwritten there when nobody needs it any
//! more.

use std::fs::{File, read_dir};
use std::io::{Error as IoError, Read};
use std::path::Path;

use super::find::Medium;
use super::kit;
use crate::error::{Error, Kind, Result};
use crate::pid1::secret::overwrite;
use crate::settings::kit::{DEEPEST, MANIFEST, MOST_FILES, Origin};

/// The settings of the kit.
pub const SETTINGS: &str = "settings";
/// What is read; the rest (logs, notes) is not for the installation.
const PLACES: [&str; 5] = [SETTINGS, MANIFEST, "age", "ssh", "files"];
/// Far more than keys and configuration files need, and little of the smallest machine.
const MOST_BYTES: u64 = 8 << 20;

/// Bytes that may be secret.
pub struct Content(Vec<u8>);

impl Content {
    /// Reads a file; `most` is one byte more than it may have.
    pub fn read(file: File, most: u64) -> std::io::Result<Content> {
        // Room for all of it at once: a buffer that grows leaves copies behind.
        let length = file.metadata()?.len().min(most);
        let mut content = Content(Vec::with_capacity(usize::try_from(length).unwrap_or_default().saturating_add(64)));
        file.take(most).read_to_end(&mut content.0)?;
        Ok(content)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        overwrite(&mut self.0);
    }
}

/// The files of both by their names: those of the image are paths of the initrd, the others paths of the kit partition.
#[derive(Default)]
pub struct Kit {
    files: Vec<(String, Content)>,
}

impl Kit {
    /// Reads all of it.
    ///
    /// # Errors
    /// It cannot be read, or there is too much of it.
    pub fn read(medium: &Medium) -> Result<Kit> {
        let mut kit = Kit::default();
        let of_image = |place| format!("{}{place}", Origin::Image.prefix());
        let read = [MANIFEST, "files"].iter().try_for_each(|place| kit.add(Path::new("/"), &of_image(place), DEEPEST));
        read.map_err(|error| Error::new(Kind::Settings, "reading the image", error))?;
        if !medium.is_unique() {
            log::warn!("several disks carry this image, and which was booted is not known: nothing is taken from a kit partition");
            return Ok(kit);
        }
        let read = kit::read(medium, |root| PLACES.iter().try_for_each(|place| kit.add(root, place, DEEPEST)));
        // A kernel without loop devices is no fault of what is on it.
        read.map_err(
            |error| if error.kind == Kind::System { error } else { Error::new(Kind::Kit, "reading the kit partition", &error.cause) },
        )?;
        Ok(kit)
    }

    /// A file, or all below a directory. What is not there adds nothing.
    fn add(&mut self, root: &Path, name: &str, depth: usize) -> std::io::Result<()> {
        let path = root.join(name);
        let wrong = |cause: &str| Err(IoError::other(format!("{name}: {cause}")));
        if path.is_dir() {
            let Some(depth) = depth.checked_sub(1) else { return wrong("too many directories in one another") };
            for entry in read_dir(&path)? {
                self.add(root, &format!("{name}/{}", entry?.file_name().to_string_lossy()), depth)?;
            }
            return Ok(());
        }
        if !path.try_exists()? {
            return Ok(());
        }
        let room = self.files.iter().fold(MOST_BYTES, |room, (_, content)| room.saturating_sub(content.0.len() as u64));
        let content =
            Content::read(File::open(&path)?, room.saturating_add(1)).map_err(|error| IoError::other(format!("{name}: {error}")))?;
        if content.0.len() as u64 > room || self.files.len() >= MOST_FILES {
            return wrong("there can be 64 files of 8 MiB together");
        }
        if content.0.is_empty() && (name.starts_with("age/") || name.starts_with("ssh/")) {
            return wrong("it is empty");
        }
        self.files.push((name.into(), content));
        Ok(())
    }

    /// The names of all files.
    pub fn names(&self) -> Vec<&str> {
        self.files.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// What is in a file.
    pub fn content(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|(other, _)| other == name).map(|(_, content)| content.bytes())
    }

    /// A file as text; of one that is not there it is empty.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(&self, origin: Origin, name: &str) -> Result<&str> {
        let wrong = |error| Error::new(origin.kind(), format!("reading {name} of {origin}"), error);
        std::str::from_utf8(self.content(&format!("{}{name}", origin.prefix())).unwrap_or_default()).map_err(wrong)
    }
}

#[cfg(test)]
impl Kit {
    /// One of these files.
    pub fn of(files: &[(&str, &str)]) -> Kit {
        Kit { files: files.iter().map(|(name, text)| (name.to_string(), Content(text.as_bytes().to_vec()))).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, remove_dir_all, write};

    #[test]
    fn what_is_there_is_read_and_bounded() {
        let root = std::env::temp_dir().join(format!("kit-{}", std::process::id()));
        create_dir_all(root.join("files/etc")).unwrap();
        create_dir_all(root.join("age")).unwrap();
        for (name, text) in [("files/etc/b", "b"), ("files/a", ""), ("age/x.agekey", "key"), ("autoinstaller.log", "log")] {
            write(root.join(name), text).unwrap();
        }
        let all = || {
            let mut kit = Kit::default();
            PLACES.iter().try_for_each(|place| kit.add(&root, place, DEEPEST)).map(|()| kit).map_err(|error| error.to_string())
        };
        let kit = all().unwrap();
        let mut names = kit.names();
        names.sort();
        assert_eq!(names, ["age/x.agekey", "files/a", "files/etc/b"]);
        assert_eq!((kit.content("files/etc/b"), kit.text(Origin::Kit, SETTINGS).unwrap()), (Some(&b"b"[..]), ""));
        let wrong = Kit { files: vec![("/etc/autoinstaller/files.manifest".into(), Content(vec![0xff]))] };
        let error = wrong.text(Origin::Image, MANIFEST).unwrap_err().to_string();
        assert!(error.starts_with("reading files.manifest of the image: invalid utf-8"), "{error}");
        write(root.join("age/x.agekey"), "").unwrap();
        assert_eq!(all().err().unwrap(), "age/x.agekey: it is empty");
        write(root.join("age/x.agekey"), "key").unwrap();
        write(root.join("files/etc/b"), vec![1; 8 << 20]).unwrap();
        assert_eq!(all().err().unwrap(), "files/etc/b: there can be 64 files of 8 MiB together");
        remove_dir_all(&root).unwrap();
    }
}
