//! Puts what the image and the kit have on the new root, and compares it once everything is installed. Paths are resolved as if the new root were `/`
//! (openat2(2), `RESOLVE_IN_ROOT`): no link that the owner's commands have made leads out of it. Nothing that exists is written to.

use std::fs::File;
use std::io::{Error as IoError, Result, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Gid, Mode, OFlags, ResolveFlags, Uid, fchmod, fchown, fstat, fsync, mkdirat, open, openat, openat2};
use rustix::io::Errno;

use crate::error::{self, Kind};
use crate::medium::{self, Content, Kit, Medium};
use crate::settings::kit::{Item, Origin};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Puts them there.
///
/// # Errors
/// The first that cannot be put there.
pub fn place(root: &Path, items: &[Item], kit: &Kit) -> error::Result<()> {
    each(items, Kind::Install, "placing", |item| {
        let root = open(root, FOLDER, Mode::empty())?;
        match &item.source {
            None => own(&directory(&root, &item.target, items)?, item.mode, item.owner),
            Some(source) => put(&root, item, items, kit.content(source).unwrap_or_default()),
        }
    })
}

/// Compares what is on the disk with what was to be there.
///
/// # Errors
/// The first difference.
pub fn check(root: &Path, items: &[Item], kit: &Kit) -> error::Result<()> {
    each(items, Kind::Verify, "reading back", |item| {
        let root = open(root, FOLDER, Mode::empty())?;
        let file = inside(&root, &item.target, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK)?;
        let found = fstat(&file)?;
        let now = (found.st_mode & 0o7777, (found.st_uid, found.st_gid));
        if now != (item.mode, item.owner) {
            let [now, then] = [now, (item.mode, item.owner)].map(|(mode, owner)| Item::attributes(mode, owner));
            return Err(IoError::other(format!("it is {now} and not {then}")));
        }
        let Some(source) = &item.source else { return Ok(()) };
        let content = kit.content(source).unwrap_or_default();
        let same = Content::read(File::from(file), content.len() as u64 + 1)?.bytes() == content;
        if same { Ok(()) } else { Err(IoError::other(format!("it is not what {} has", Origin::of(source)))) }
    })
}

fn each(items: &[Item], kind: Kind, doing: &str, work: impl Fn(&Item) -> Result<()>) -> error::Result<()> {
    items.iter().try_for_each(|item| work(item).map_err(|cause| error::Error::new(kind, format!("{doing} {}", item.target), said(&cause))))
}

/// Without the number of the system's own errors.
fn said(error: &IoError) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().into()
}

fn inside(root: &OwnedFd, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)
}

/// The directory with this path, made with all above it where it is not there.
fn directory(root: &OwnedFd, path: &str, items: &[Item]) -> Result<OwnedFd> {
    let mut at = inside(root, "/", FOLDER)?;
    let ends = path.match_indices('/').map(|(end, _)| end).skip(1).chain([path.len()]);
    for below in ends.filter_map(|end| path.get(..end)).filter(|below| !below.is_empty()) {
        at = match inside(root, below, FOLDER) {
            Err(Errno::NOENT) => {
                mkdirat(&at, below.rsplit('/').next().unwrap_or_default(), Mode::RWXU)?;
                let made = inside(root, below, FOLDER)?;
                // Everybody may pass, unless it is named.
                let named = items.iter().find(|item| item.source.is_none() && item.target == below);
                let (mode, owner) = named.map_or((0o755, (0, 0)), |item| (item.mode, item.owner));
                own(&made, mode, owner)?;
                fsync(&at)?;
                made
            }
            found => found?,
        };
    }
    Ok(at)
}

fn put(root: &OwnedFd, item: &Item, items: &[Item], content: &[u8]) -> Result<()> {
    let (above, name) = item.target.rsplit_once('/').unwrap_or_default();
    let above = directory(root, above, items)?;
    let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(&above, name, new, Mode::RUSR | Mode::WUSR)?;
    own(&file, item.mode, item.owner)?;
    let mut file = File::from(file);
    file.write_all(content)?;
    file.sync_all()?;
    Ok(fsync(&above)?)
}

/// Exactly, whatever the umask: the owner first, since a change of it takes bits of the mode away.
fn own(file: &OwnedFd, mode: u32, (uid, gid): (u32, u32)) -> Result<()> {
    fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
    Ok(fchmod(file, Mode::from_raw_mode(mode))?)
}

/// Private keys of the kit, all of them, and the file with the passphrase: overwritten in place and removed.
///
/// # Errors
/// They are still there, or may be.
pub fn clear(medium: &Medium, kit: &Kit, key_file: Option<&str>) -> error::Result<()> {
    let private = |name: &&str| ["age/", "ssh/"].iter().any(|place| name.starts_with(place)) && !name.ends_with(".pub");
    let names: Vec<&str> = kit.names().into_iter().filter(private).chain(["luks.key"]).chain(key_file).collect();
    let wipe = |root: &Path| names.iter().map(|name| root.join(name)).try_for_each(|path| erase(&path));
    let wiped = medium::write_kit(medium, wipe);
    wiped.map_err(|error| error.while_doing("removing the private keys from the stick".into()))
}

fn erase(path: &Path) -> Result<()> {
    if !path.try_exists()? {
        return Ok(());
    }
    let mut file = File::options().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).map_err(IoError::other)?;
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    std::fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir, create_dir_all, read, remove_dir_all, remove_file, set_permissions, write};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn scratch(name: &str) -> (std::path::PathBuf, (u32, u32)) {
        let root = std::env::temp_dir().join(format!("place-{name}-{}", std::process::id()));
        create_dir_all(root.join("root")).unwrap();
        let found = root.metadata().unwrap();
        (root, (found.uid(), found.gid()))
    }

    #[test]
    fn links_stay_inside_and_modes_are_exact() {
        let (scratch, owner) = scratch("inside");
        let root = scratch.join("root");
        create_dir(scratch.join("outside")).unwrap();
        create_dir(root.join("inside")).unwrap();
        // As the installed system sees it: its own /inside, not the directory beside the new root.
        symlink("/../../inside", root.join("etc")).unwrap();
        let file = Item { source: Some("files/etc/key".into()), target: "/etc/key".into(), mode: 0o666, owner };
        let kit = Kit::of(&[("files/etc/key", "text")]);
        place(&root, std::slice::from_ref(&file), &kit).unwrap();
        let placed = root.join("inside/key");
        assert_eq!((read(&placed).unwrap(), placed.metadata().unwrap().mode() & 0o7777), (b"text".to_vec(), 0o666));
        check(&root, std::slice::from_ref(&file), &kit).unwrap();

        let error = |result: error::Result<()>| result.unwrap_err().to_string();
        assert_eq!(error(place(&root, std::slice::from_ref(&file), &kit)), "placing /etc/key: File exists");
        set_permissions(&placed, PermissionsExt::from_mode(0o600)).unwrap();
        let own = format!("{}:{}", owner.0, owner.1);
        assert_eq!(
            error(check(&root, std::slice::from_ref(&file), &kit)),
            format!("reading back /etc/key: it is 0600 {own} and not 0666 {own}")
        );
        set_permissions(&placed, PermissionsExt::from_mode(0o666)).unwrap();
        write(&placed, "test").unwrap();
        assert_eq!(error(check(&root, std::slice::from_ref(&file), &kit)), "reading back /etc/key: it is not what the kit partition has");
        let of_image = Item { source: Some("/etc/autoinstaller/files/etc/key".into()), ..file.clone() };
        assert_eq!(error(check(&root, &[of_image], &kit)), "reading back /etc/key: it is not what the image has");
        remove_file(&placed).unwrap();
        symlink(scratch.join("outside/new"), &placed).unwrap();
        assert_eq!(error(place(&root, std::slice::from_ref(&file), &kit)), "placing /etc/key: File exists");
        assert_eq!(scratch.join("outside").read_dir().unwrap().count(), 0);
        remove_dir_all(&scratch).unwrap();
    }

    #[test]
    fn directories_are_made_as_they_are_named() {
        let (scratch, owner) = scratch("made");
        let root = scratch.join("root");
        let items = [
            Item { source: None, target: "/home/alice".into(), mode: 0o750, owner },
            Item { source: Some("x".into()), target: "/home/alice/x".into(), mode: 0o600, owner },
        ];
        // Who is not root cannot give directories to root.
        let made = place(&root, &items, &Kit::of(&[("x", "x")]));
        if owner.0 == 0 {
            made.unwrap();
            let mode = |path: &str| root.join(path).metadata().unwrap().mode() & 0o7777;
            assert_eq!([mode("home"), mode("home/alice"), mode("home/alice/x")], [0o755, 0o750, 0o600]);
        } else {
            assert_eq!(made.unwrap_err().to_string(), "placing /home/alice: Operation not permitted");
        }
        remove_dir_all(&scratch).unwrap();
    }

    #[test]
    fn what_is_erased_is_gone() {
        let (scratch, _) = scratch("erased");
        let key = scratch.join("key");
        write(&key, "secret").unwrap();
        let other = File::open(&key).unwrap();
        erase(&key).unwrap();
        assert_eq!(Content::read(other, 100).unwrap().bytes(), [0; 6]);
        assert!(!key.exists());
        erase(&key).unwrap();
        remove_dir_all(&scratch).unwrap();
    }
}
