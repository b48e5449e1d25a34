//! The prebuilt closure of a host: builds the look-alike NixOS with the real Nix, or takes the one that a Nix build was given, and writes
//! it as a squashfs image.
//! The image's root is the store directory itself: the store paths, `nix-path-registration` for `nix-store --load-db`, and
//! `repository.bundle`, if a clone is to be left of a repository.
//! Must be reproducible, because the medium's identity is derived from it: fixed times, order and owners.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::bundle::Bundle;
use crate::cache::{self, Key};
use crate::nix::Nix;
use crate::parts::Parts;
use crate::registration;
use crate::{command, fixture, host, stamp};

/// How the image is written. The store directory is NixOS's: mode 1775, group nixbld (30000). Everything in it is root's, whoever it
/// belongs to where it is packed; `-all-root` of mksquashfs 4.5 would give root the directory, too. A store may keep equal files once: the
/// image must not depend on that. A higher zstd level costs reading time for 10 % of size.
const IMAGE_OPTIONS: &str = "-comp zstd -Xcompression-level 15 -b 128K -noappend -no-progress -quiet -no-xattrs -no-hardlinks \
    -action guid(0,0)@depth(+0) -root-mode 1775 -root-uid 0 -root-gid 30000 -mkfs-time 1 -all-time 1";

/// A built system and all it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// `/nix/store/…-nixos-system-HOST-…`
    pub toplevel: String,
    /// Every store path of the closure, sorted, as Nix names it.
    pub paths: Vec<PathBuf>,
    /// The database entries of the paths, for `nix-store --load-db`.
    pub registration: String,
    /// Bytes that the unpacked paths take on a file system, and a clone of the repository.
    pub content: u64,
    /// The commit of the repository in the image, if it has one.
    pub commit: Option<String>,
}

/// Builds the look-alike of `host` from the parts, and writes its closure to `image`.
/// If `image` already holds exactly this closure it is left alone.
///
/// # Errors
/// If the fixture cannot be laid out, Nix fails, or the image cannot be written.
pub fn build(nix: &Nix, parts: &Parts, host: &str, image: &Path, bundle: Option<&Bundle>) -> Result<Closure> {
    host::check_name(host)?;
    let flake = nix.repository().join("target/fixture");
    fixture::lay(parts, &flake).context("laying out the fixture system")?;
    let toplevel = build_toplevel(nix, &flake, host).with_context(|| format!("building {host}"))?;
    let listed = nix.run("nix-store", &["--query", "--requisites", &toplevel])?;
    let arguments: Vec<&str> = ["--dump-db"].into_iter().chain(listed.lines()).collect();
    let registration = nix.run("nix-store", &arguments)?;
    registered(&toplevel, &registration, &|path| nix.outside(path), image, bundle)
}

/// Writes a closure that is there already to `image`: `registration` lists its paths, and `locate` says where they are on this machine.
///
/// # Errors
/// The system is not in the closure, a path is missing, or the image cannot be written.
pub fn registered(
    toplevel: &str,
    registration: &str,
    locate: &dyn Fn(&Path) -> PathBuf,
    image: &Path,
    bundle: Option<&Bundle>,
) -> Result<Closure> {
    let entries = registration::parse(registration)?;
    ensure!(entries.iter().any(|entry| entry.path == toplevel), "packing the closure: {toplevel} is not registered in it");
    let paths: Vec<PathBuf> = entries.iter().map(|entry| PathBuf::from(&entry.path)).collect();
    let content = paths.iter().map(|path| space(&locate(path))).sum::<Result<u64>>()?;
    let closure = Closure {
        toplevel: toplevel.to_owned(),
        paths,
        registration: registration::text(&entries),
        content: content + bundle.map_or(0, |bundle| bundle.content),
        commit: bundle.map(|bundle| bundle.commit.clone()),
    };
    write_image(locate, &closure, image, bundle).with_context(|| format!("writing {}", image.display()))?;
    Ok(closure)
}

fn build_toplevel(nix: &Nix, flake: &Path, host: &str) -> Result<String> {
    // `path:` because the repository around it is a git one, which knows nothing of target/.
    let attribute = format!("path:{}#nixosConfigurations.{host}.config.system.build.toplevel", nix.inside(flake)?);
    let arguments = ["build", "--no-link", "--print-out-paths", "--no-write-lock-file", &attribute];
    let output = nix.run("nix", &arguments)?;
    let toplevel = output.trim();
    ensure!(
        toplevel.starts_with("/nix/store/") && !toplevel.contains('\n'),
        "building {attribute}: expected one store path, got {toplevel:?}"
    );
    Ok(toplevel.to_owned())
}

/// What a file or tree takes on a file system with blocks of 4 KiB, each entry counting for at least one.
fn space(path: &Path) -> Result<u64> {
    const BLOCK: u64 = 4096;
    let reading = || format!("measuring {}", path.display());
    let found = path.symlink_metadata().with_context(reading)?;
    if !found.is_dir() {
        return Ok(found.len().max(1).next_multiple_of(BLOCK));
    }
    let entries = fs::read_dir(path).with_context(reading)?;
    let inside = entries.map(|entry| space(&entry.with_context(reading)?.path())).sum::<Result<u64>>()?;
    Ok(BLOCK + inside)
}

/// The registration has the hash of every path, so with the options and the bundle it says all there is to say about the image.
fn write_image(locate: &dyn Fn(&Path) -> PathBuf, closure: &Closure, image: &Path, bundle: Option<&Bundle>) -> Result<()> {
    let mut key = Key::new(IMAGE_OPTIONS);
    key.add(closure.registration.as_bytes());
    bundle.map_or(Ok(()), |bundle| key.add_file(&bundle.file))?;
    stamp::unless_same(image, &key.name(), |part| cache::with_directory(part, |work| pack(locate, closure, bundle, work, part)))
}

fn pack(locate: &dyn Fn(&Path) -> PathBuf, closure: &Closure, bundle: Option<&Bundle>, work: &Path, image: &Path) -> Result<()> {
    // mksquashfs names an entry by the last part of the path it is given.
    let registration = work.join("nix-path-registration");
    fs::write(&registration, &closure.registration).with_context(|| format!("writing {}", registration.display()))?;
    let repository = work.join("repository.bundle");
    if let Some(bundle) = bundle {
        fs::copy(&bundle.file, &repository).with_context(|| format!("copying {}", bundle.file.display()))?;
    }
    let mut command = command::tool("mksquashfs");
    command
        .args(closure.paths.iter().map(|path| locate(path)))
        .arg(&registration)
        .args(bundle.map(|_| &repository))
        .arg(image)
        .args(IMAGE_OPTIONS.split_whitespace())
        .env_remove("SOURCE_DATE_EPOCH");
    command::run("packing the closure", &mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_is_not_in_its_closure_is_refused() {
        let refused = registered("/nix/store/a", "", &Path::to_path_buf, Path::new("/nowhere"), None).unwrap_err();
        assert_eq!(refused.to_string(), "packing the closure: /nix/store/a is not registered in it");
    }
}
