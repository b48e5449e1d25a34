//! The medium of a host as `nix/iso.nix` builds it, by the real Nix of parts from Debian: what a user's `nix build` does, without a network.
//! The assembler that runs in the build is called again outside of it, with the same parts, and must make the same bytes: they follow from the
//! parts, and not from the build. That `cargo xtask iso HOST` would choose these parts is not said; its kernel and programs come from elsewhere.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::image::{Image, init_binary};
use crate::iso::{self, More};
use crate::nix::Nix;
use crate::{cache, command, debian, tools};

/// Builds the medium with Nix, then without, and compares.
///
/// # Errors
/// A build fails, the two are not the same, or the build says nothing of the deploy key.
pub fn of_host(host: &str) -> Result<Image> {
    let plain = iso::of_host(host, None, None, &More::default())?;
    let parts = debian::parts()?;
    let nix = Nix::new(&parts.stage2, &cache::root())?;
    let laid = cache::directory("nix-tools")?;
    tools::lay(&laid)?;
    // What lies outside of the repository is not seen inside.
    let copied = cache::directory("nix-parts")?;
    let inside = |path: &Path| nix.inside(path);
    cache::remove(&copied)?;
    std::fs::create_dir_all(&copied).with_context(|| format!("making {}", copied.display()))?;
    let mut copy = command::tool("cp");
    copy.args(["--recursive", "--dereference"]).args([&parts.grub, &init_binary::build()?]);
    command::run("laying out parts for Nix", copy.arg(&copied))?;
    let arguments = [
        ("host", host.to_owned()),
        ("toplevel", plain.toplevel.clone()),
        ("built", parts.built.to_string()),
        ("boot", inside(&debian::boot()?)?),
        ("stage2", inside(&parts.stage2)?),
        ("patchelf", inside(&debian::patchelf()?)?),
        ("tools", inside(&laid)?),
        ("standIns", inside(&cache::root().join("qemu-tests/stand-in"))?),
        ("grub", inside(&copied.join("i386-pc"))?),
        ("init", inside(&copied.join("init"))?),
    ];
    let expression = inside(&cache::root().join("nix/tests/offline-iso.nix"))?;
    let mut words = vec![expression.as_str()];
    words.extend(arguments.iter().flat_map(|(name, value)| ["--argstr", *name, value]));
    let built = nix.run("nix-build", &[&words[..], &["--no-out-link"]].concat())?;
    let built = built.trim();
    let iso = nix.outside(&Path::new(built).join(format!("iso/{host}.iso")));
    key_is_printed(&nix.run("nix-store", &["--read-log", built])?, host)?;

    let attribute = |name: &str| {
        let json = nix.run("nix-instantiate", &[&words[..], &["--eval", "--strict", "--json", "--attr", name]].concat())?;
        serde_json::from_str::<String>(&json).with_context(|| format!("reading {name} of the medium"))
    };
    forget_others(&nix, host, &[built.to_owned(), attribute("tools")?])?;
    let repository = nix.outside(Path::new(&attribute("repository.outPath")?));
    let made = again(&nix, host, &attribute("parts")?, &repository)?;
    let [theirs, ours] = [cache::sha256_file(&iso)?.1, cache::sha256_file(&made.iso)?.1];
    ensure!(theirs == ours, "comparing the media of {host}: {} has {theirs}, {} has {ours}", iso.display(), made.iso.display());
    println!("medium of {host}: from the build by Nix, and from its parts outside of it, the same bytes, SHA-256 {ours}");
    let said = |before: &str| made.said.split(before).nth(1).and_then(|after| after.split_whitespace().next()).map(str::to_owned);
    let disk_guid = said("with disk GUID ").context("reading the GUID of the medium")?;
    let commit = said("a clone of commit ").context("reading the commit that is on the medium")?;
    Ok(Image { iso, initrd: made.initrd, disk_guid, commit, ..plain })
}

/// Removes from the store what the build before left there and this one has not: every change of this program makes all of it anew.
fn forget_others(nix: &Nix, host: &str, paths: &[String]) -> Result<()> {
    let list = cache::directory("iso")?.join(format!("{host}.nix-paths"));
    let before = std::fs::read_to_string(&list).unwrap_or_default();
    for other in before.lines().filter(|other| paths.iter().all(|path| path != other)) {
        // It is room that is lost, and no more.
        nix.run("nix-store", &["--delete", other]).map_or_else(|error| eprintln!("{error:#}"), drop);
    }
    std::fs::write(&list, paths.join("\n")).with_context(|| format!("writing {}", list.display()))
}

/// What was made without Nix.
struct Again {
    iso: PathBuf,
    initrd: PathBuf,
    said: String,
}

/// Makes the same medium outside of Nix, with the machine's own programs and nothing that was made before.
fn again(nix: &Nix, host: &str, parts: &str, repository: &Path) -> Result<Again> {
    let directory = cache::directory("nix-again")?;
    cache::remove(&directory)?;
    let root = directory.join("root");
    std::fs::create_dir_all(&root).with_context(|| format!("making {}", root.display()))?;
    let (file, iso) = (directory.join("parts.json"), directory.join(format!("{host}.iso")));
    std::fs::write(&file, parts).with_context(|| format!("writing {}", file.display()))?;
    let program = directory.join("xtask");
    std::fs::copy(tools::THIS, &program).context("copying this program")?;
    let mut command = nix.beside(&root, &program);
    command.args(["iso", "--parts"]).arg(&file).arg("--repo").arg(repository).arg("--out").arg(&iso).env("CARGO_TARGET_DIR", &directory);
    let said = command::text(&format!("making the medium of {host} without Nix"), &mut command)?;
    Ok(Again { iso, initrd: directory.join(format!("iso/{host}-given.initrd")), said })
}

/// The public half of the key that was made is in the log of the build, where people look for it.
fn key_is_printed(log: &str, host: &str) -> Result<()> {
    let mut lines = log.lines().skip_while(|line| *line != format!("INSTALLER SSH PUBLIC KEY for {host}:"));
    ensure!(lines.next().is_some(), "reading the log of the build: it does not name the deploy key of {host}");
    match lines.next().map(|line| line.split(' ').collect::<Vec<_>>()).as_deref() {
        Some(["ssh-ed25519", key, name]) if key.starts_with("AAAA") && *name == format!("{host}-installer") => Ok(()),
        other => bail!("reading the log of the build: {other:?} is no deploy key of {host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_in_the_log_under_its_heading() {
        let error = |log: &str| key_is_printed(log, "uv").unwrap_err().to_string();
        let heading = "INSTALLER SSH PUBLIC KEY for uv:\n";
        key_is_printed(&format!("first\n{heading}ssh-ed25519 AAAAC3 uv-installer\nlast\n"), "uv").unwrap();
        assert_eq!(error("first\n"), "reading the log of the build: it does not name the deploy key of uv");
        assert!(error(heading).ends_with("None is no deploy key of uv"));
        assert!(error(&format!("{heading}ssh-ed25519 AAAAC3 vm-installer\n")).ends_with("is no deploy key of uv"));
    }
}
