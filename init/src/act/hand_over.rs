//! Gives the clone, and the deploy key, to the user who will work with them. The installed system's own passwd says who that is; links
//! of that system are followed inside it.

use std::fs::{DirBuilder, OpenOptions, Permissions, read, read_dir, read_to_string, set_permissions, symlink_metadata};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, lchown};
use std::path::{Path, PathBuf};

use super::boot_files::inside;
use super::deploy_keys;
use super::stage2::Stage2;
use crate::error::{Doing, Error, Kind, Result};
use crate::pid1::secret::overwrite;
use crate::settings::Repository;

/// A line of passwd.
#[derive(Debug, PartialEq, Eq)]
struct User {
    id: u32,
    group: u32,
    home: String,
}

/// Hands over. Without such a user the system is as good, so that is a warning.
///
/// # Errors
/// Files cannot be written, or given to the user.
pub fn to_user(root: &Path, stage2: &Stage2, repository: &Repository) -> Result<()> {
    let Some(name) = &repository.user else { return Ok(()) };
    let passwd = inside(root, "/etc/passwd").and_then(|path| read_to_string(path).map_err(|error| error.to_string())).unwrap_or_default();
    let Some(user) = find(&passwd, name) else {
        log::warn!("the installed system has no user {name}: the clone stays root's, and the deploy key is not installed");
        return Ok(());
    };
    let clone = Path::new(&repository.clone);
    give(clone, &user)
        .and_then(|()| give_above(root, clone, &user))
        .doing(Kind::Install, || format!("giving {} to {name}", clone.display()))?;
    let keys = deploy_keys::laid(stage2);
    if repository.key_to_user && !keys.is_empty() {
        let doing = || format!("giving the deploy key to {name}");
        let home = home(root, &user).map_err(|cause| Error::new(Kind::Install, doing(), cause))?;
        install(&home, &keys, repository.server(), &user).doing(Kind::Install, doing)?;
    }
    Ok(())
}

/// NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL, passwd(5).
fn find(passwd: &str, name: &str) -> Option<User> {
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields.first() == Some(&name))?;
    let number = |index: usize| fields.get(index)?.parse().ok();
    let home = fields.get(5).filter(|home| home.starts_with('/'))?;
    Some(User { id: number(2)?, group: number(3)?, home: (*home).to_string() })
}

/// The user's home inside the root; one that is not there yet is made.
fn home(root: &Path, user: &User) -> std::result::Result<PathBuf, String> {
    inside(root, &user.home).or_else(|_| {
        let home = Path::new(&user.home);
        let above = home.parent().and_then(Path::to_str).ok_or("it has no home")?;
        let path = inside(root, above)?.join(home.file_name().ok_or("it has no home")?);
        directory(&path, user).map_err(|error| error.to_string())?;
        Ok(path)
    })
}

/// `~/.ssh` with the keys, `github` the first as the older tool had it, and when to use them.
fn install(home: &Path, keys: &[PathBuf], server: Option<&str>, user: &User) -> io::Result<()> {
    let ssh = home.join(".ssh");
    directory(&ssh, user)?;
    let mut config = format!("Host {}\n", server.unwrap_or("github.com"));
    for (number, key) in keys.iter().enumerate() {
        let name = if number == 0 { "github".into() } else { format!("github-{}", number + 1) };
        let mut bytes = read(key)?;
        let written = file(&ssh.join(&name), &bytes, user);
        overwrite(&mut bytes);
        left_alone(&ssh.join(&name), written)?;
        config += &format!("  IdentityFile ~/.ssh/{name}\n");
    }
    config += "  IdentitiesOnly yes\n";
    left_alone(&ssh.join("config"), file(&ssh.join("config"), config.as_bytes(), user))
}

/// What somebody has put there is somebody's own.
fn left_alone(path: &Path, written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            log::warn!("{} is there already and stays as it is", path.display());
            Ok(())
        }
        written => written,
    }
}

/// A directory for its owner alone. One that is there must be one, and no link.
fn directory(path: &Path, user: &User) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => lchown(path, Some(user.id), Some(user.group)),
        Err(_) if symlink_metadata(path).is_ok_and(|found| found.is_dir()) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A new file for its owner alone.
fn file(path: &Path, content: &[u8], user: &User) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    fchown(&file, Some(user.id), Some(user.group))?;
    file.write_all(content)
}

/// All of a tree; links themselves, not what they lead to.
fn give(path: &Path, user: &User) -> io::Result<()> {
    lchown(path, Some(user.id), Some(user.group))?;
    if symlink_metadata(path)?.is_dir() {
        for entry in read_dir(path)? {
            give(&entry?.path(), user)?;
        }
    }
    Ok(())
}

/// What the clone made of the user's home and below it, if it lies there.
fn give_above(root: &Path, clone: &Path, user: &User) -> io::Result<()> {
    let Ok(home) = inside(root, &user.home) else { return Ok(()) };
    for above in clone.ancestors().skip(1).take_while(|above| above.starts_with(&home)) {
        if symlink_metadata(above)?.uid() == 0 {
            lchown(above, Some(user.id), Some(user.group))?;
            // As everybody's home is.
            if above == home {
                set_permissions(above, Permissions::from_mode(0o700))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_a_line_of_passwd() {
        let passwd = "root:x:0:0::/root:/bin/sh\nmoran:x:1234:567:M:/home/moran:/bin/sh\nbroken:x:a:b\n";
        assert_eq!(find(passwd, "moran"), Some(User { id: 1234, group: 567, home: "/home/moran".into() }));
        assert_eq!((find(passwd, "broken"), find(passwd, "mo")), (None, None));
    }

    #[test]
    fn keys_come_with_their_config_and_once() {
        let root = std::env::temp_dir().join(format!("hand-over-{}", std::process::id()));
        std::fs::create_dir_all(root.join("home")).unwrap();
        std::fs::write(root.join("key"), "KEY").unwrap();
        let me = symlink_metadata(&root).unwrap();
        let user = User { id: me.uid(), group: me.gid(), home: "/home/me".into() };
        let home = home(&root, &user).unwrap();
        for _ in 0..2 {
            install(&home, &[root.join("key")], Some("example.com"), &user).unwrap();
        }
        let mode = |name: &str| symlink_metadata(home.join(name)).unwrap().mode() & 0o777;
        // What is there stays, whoever has put it there.
        assert_eq!(std::fs::read(home.join(".ssh/github")).unwrap(), b"KEY");
        std::fs::write(home.join(".ssh/github"), "MINE").unwrap();
        install(&home, &[root.join("key")], Some("example.com"), &user).unwrap();
        assert_eq!(std::fs::read(home.join(".ssh/github")).unwrap(), b"MINE");
        let modes = (mode(".ssh"), mode(".ssh/github"), mode(".ssh/config"));
        let config = read_to_string(home.join(".ssh/config")).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(modes, (0o700, 0o600, 0o600));
        assert_eq!(config, "Host example.com\n  IdentityFile ~/.ssh/github\n  IdentitiesOnly yes\n");
    }

    #[test]
    fn what_a_clone_made_of_a_home_is_its_user_s() {
        let root = std::env::temp_dir().join(format!("hand-over-above-{}", std::process::id()));
        let clone = root.join("home/me/src/config");
        std::fs::create_dir_all(&clone).unwrap();
        let user = User { id: 1234, group: 567, home: "/home/me".into() };
        let owner = |path: &str| symlink_metadata(root.join(path)).map(|found| (found.uid(), found.mode() & 0o777)).unwrap();
        let before = owner("home");
        let given = give_above(&root, &clone, &user);
        // Who is not root has made nothing that is root's.
        if before.0 == 0 {
            assert_eq!((owner("home/me"), owner("home/me/src").0), ((1234, 0o700), 1234));
        }
        given.unwrap();
        give_above(&root, &clone, &User { home: "/home/other".into(), ..user }).unwrap();
        assert_eq!(owner("home"), before);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
