//! What somebody has put on the kit partition, and the files that the image has for the new root. All of it is read before the question: a
//! stick that is pulled or changed later cannot alter what was confirmed. In memory alone, and overwritten there when nobody needs it any
//! more.

use std::fmt;
use std::fs::{File, read_dir};
use std::io::{ErrorKind, Read};
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
    /// Why nothing of the kit partition is here.
    unread: Option<String>,
}

/// Why reading ends before everything is read.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// What somebody has put there cannot be used, and can be corrected.
    Mistake(String),
    /// It cannot be read.
    Unreadable(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Stop::Mistake(cause) | Stop::Unreadable(cause)) = self;
        f.write_str(cause)
    }
}

impl Kit {
    /// Reads all of it. A kit partition that is not there or cannot be read whole gives nothing: half of what somebody has put together
    /// may be the opposite of what they want.
    ///
    /// # Errors
    /// The image cannot be read, or what is on the kit cannot be used.
    pub fn read(medium: &Medium) -> Result<Kit> {
        let mut kit = Kit::default();
        let of_image = |place| format!("{}{place}", Origin::Image.prefix());
        let read = [MANIFEST, "files"].iter().try_for_each(|place| kit.add(Path::new("/"), &of_image(place), DEEPEST));
        read.map_err(|error| Error::new(Kind::Settings, "reading the image", error))?;
        if !medium.is_unique() {
            log::warn!("several disks carry this image, and which was booted is not known: nothing is taken from a kit partition");
            return Ok(kit);
        }
        let of_image = kit.files.len();
        let read = kit::read(medium, |root| Ok(PLACES.iter().try_for_each(|place| kit.add(root, place, DEEPEST))));
        let why = match read {
            Ok(Ok(())) => return Ok(kit),
            Ok(Err(Stop::Mistake(cause))) => return Err(Error::new(Kind::Kit, "reading the kit partition", cause)),
            Ok(Err(Stop::Unreadable(cause))) => cause,
            // A kernel without loop devices is no fault of what is on it.
            Err(error) if error.kind == Kind::System => return Err(error),
            Err(error) => error.cause.clone(),
        };
        log::warn!("the kit partition cannot be read, and nothing of it is used: {why}");
        kit.files.truncate(of_image);
        kit.unread = Some(why);
        kit::leave_alone();
        Ok(kit)
    }

    /// Why nothing of the kit partition is here, if it cannot be read.
    pub fn unread(&self) -> Option<&str> {
        self.unread.as_deref()
    }

    /// A file, or all below a directory. What is not there adds nothing.
    fn add(&mut self, root: &Path, name: &str, depth: usize) -> std::result::Result<(), Stop> {
        let path = root.join(name);
        let wrong = |cause: &str| Err(Stop::Mistake(format!("{name}: {cause}")));
        let unreadable = |error: std::io::Error| Stop::Unreadable(format!("{name}: {error}"));
        let found = match path.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            found => found.map_err(unreadable)?,
        };
        if found.is_dir() {
            let Some(depth) = depth.checked_sub(1) else { return wrong("too many directories in one another") };
            for entry in read_dir(&path).map_err(unreadable)? {
                self.add(root, &format!("{name}/{}", entry.map_err(unreadable)?.file_name().to_string_lossy()), depth)?;
            }
            return Ok(());
        }
        let room = self.files.iter().fold(MOST_BYTES, |room, (_, content)| room.saturating_sub(content.0.len() as u64));
        let content = File::open(&path).and_then(|file| Content::read(file, room.saturating_add(1))).map_err(unreadable)?;
        // Of a file whose end is lost some kernels read what there is.
        if (content.0.len() as u64) < found.len().min(room) {
            return Err(Stop::Unreadable(format!("{name}: it ends too early")));
        }
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
        let files = files.iter().map(|(name, text)| (name.to_string(), Content(text.as_bytes().to_vec()))).collect();
        Kit { files, unread: None }
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
            PLACES.iter().try_for_each(|place| kit.add(&root, place, DEEPEST)).map(|()| kit)
        };
        let kit = all().unwrap();
        let mut names = kit.names();
        names.sort();
        assert_eq!(names, ["age/x.agekey", "files/a", "files/etc/b"]);
        assert_eq!((kit.content("files/etc/b"), kit.text(Origin::Kit, SETTINGS).unwrap()), (Some(&b"b"[..]), ""));
        let files = vec![("/etc/autoinstaller/files.manifest".into(), Content(vec![0xff]))];
        let wrong = Kit { files, unread: None };
        let error = wrong.text(Origin::Image, MANIFEST).unwrap_err().to_string();
        assert!(error.starts_with("reading files.manifest of the image: invalid utf-8"), "{error}");
        write(root.join("age/x.agekey"), "").unwrap();
        assert_eq!(all().err().unwrap(), Stop::Mistake("age/x.agekey: it is empty".into()));
        write(root.join("age/x.agekey"), "key").unwrap();
        write(root.join("files/etc/b"), vec![1; 8 << 20]).unwrap();
        assert_eq!(all().err().unwrap(), Stop::Mistake("files/etc/b: there can be 64 files of 8 MiB together".into()));
        remove_dir_all(root.join("files")).unwrap();
        // As unreadable as a file gets whoever runs the test.
        std::os::unix::fs::symlink("settings", root.join("settings")).unwrap();
        let stop = all().err().unwrap();
        assert!(matches!(&stop, Stop::Unreadable(_)) && stop.to_string().starts_with("settings: "), "{stop}");
        remove_dir_all(&root).unwrap();
    }
}
