//! The keys that repositories are asked with: where they come from, and where they lie in stage-2. They are in no argument, environment
//! or log, and in memory that is never swapped, until the installation ends.

use std::fs::{OpenOptions, create_dir_all, read, read_dir, read_to_string, remove_file};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::stage2::Stage2;
use crate::error::{Doing, Kind, Result};
use crate::medium::Kit;
use crate::pid1::secret::overwrite;

/// Where they lie in stage-2.
const KEYS: &str = "etc/ssh/deploy";
/// A key that the image was built with.
const BUILT_IN: &str = "/etc/autoinstaller/deploy-key";
/// Where keys are on the kit partition.
const KIT: &str = "ssh/deploy/";
/// Which of several keys the first server let in, which is that of the repository.
const OPENED: &str = "etc/ssh/opened";

/// Lays them there, in place of those of an earlier try; returns their paths, as stage-2 sees them.
///
/// # Errors
/// One cannot be written.
pub fn lay(stage2: &Stage2, kit: &Kit) -> Result<Vec<String>> {
    let (directory, inside) = stage2.file(KEYS);
    create_dir_all(&directory).doing(Kind::System, || format!("creating {directory}"))?;
    for old in files(&directory).into_iter().chain([stage2.file(OPENED).0.into()]) {
        remove_file(old).unwrap_or_default();
    }
    // What somebody has put on the kit comes before what the image was built with.
    let on_kit = of_kit(kit);
    let mut built_in = read(BUILT_IN).ok().filter(|_| on_kit.is_empty());
    let mut places = Vec::new();
    for (name, key) in on_kit.into_iter().chain(built_in.as_deref().map(|key| ("id_ed25519", key))) {
        place(Path::new(&format!("{directory}/{name}")), key).doing(Kind::System, || format!("placing the deploy key {name}"))?;
        places.push(format!("{inside}/{name}"));
    }
    overwrite(built_in.as_deref_mut().unwrap_or_default());
    Ok(places)
}

/// Those that lie there, outside: that of the repository first, the others in the order of their names.
pub fn laid(stage2: &Stage2) -> Vec<PathBuf> {
    let mut keys = files(&stage2.file(KEYS).0);
    let opened = read_to_string(stage2.file(OPENED).0).unwrap_or_default();
    let first = opened.lines().next().unwrap_or_default();
    keys.sort();
    if let Some(found) = keys.iter().position(|key| key.ends_with(first)).and_then(|at| keys.get_mut(..=at)) {
        found.rotate_right(1);
    }
    keys
}

fn files(directory: &str) -> Vec<PathBuf> {
    read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The private keys among what the kit has.
fn of_kit(kit: &Kit) -> Vec<(&str, &[u8])> {
    let letters = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    // Some systems put a file ._NAME beside every other that they write to a stick.
    let plain = |name: &str| letters(name) && !name.ends_with(".pub") && !name.starts_with('.');
    let mut names: Vec<&str> = kit.names().into_iter().filter(|name| name.strip_prefix(KIT).is_some_and(plain)).collect();
    names.sort_unstable();
    names.into_iter().filter_map(|name| Some((name.strip_prefix(KIT)?, kit.content(name)?))).collect()
}

/// For nobody else to read, and with the line end that ssh insists on.
pub fn place(path: &Path, key: &[u8]) -> std::io::Result<()> {
    // It may be there from an earlier try.
    remove_file(path).unwrap_or_default();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(path)?;
    file.write_all(key)?;
    if key.ends_with(b"\n") { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_keys_are_taken_in_the_order_of_their_names() {
        let files = [("ssh/deploy/work", "w"), ("ssh/deploy/id_ed25519", "i"), ("ssh/deploy/id_ed25519.pub", "p"), ("ssh/host/key", "h")];
        let kit = Kit::of(&files);
        assert_eq!(of_kit(&kit), [("id_ed25519", &b"i"[..]), ("work", b"w")]);
        assert!(of_kit(&Kit::of(&[("ssh/deploy/old/key", "o"), ("ssh/deploy/a b", "b"), ("ssh/deploy/._work", "m")])).is_empty());
    }
}
