//! The boot loader on the ESP: the right one at the removable path, and entries whose kernel and initrd are, byte for byte, those of
//! the installed system (Boot Loader Specification, type 1).

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Where firmware without variables looks (UEFI 2.10, 3.5.1.1).
const REMOVABLE: &str = "EFI/BOOT/BOOTX64.EFI";

/// Checks a copy of the ESP against the loader that was to be installed, and against a copy of the root file system if there is one.
pub fn check(esp: &Path, loader: &Path, root: Option<&Path>, toplevel: &str) -> Result<()> {
    if read(&find(esp, REMOVABLE)?)? != read(loader)? {
        bail!("comparing {REMOVABLE} with {}: their bytes differ", loader.display());
    }
    let entries = find(esp, "loader/entries")?;
    let mut good = 0;
    for file in fs::read_dir(&entries).context("listing the loader's entries")? {
        let file = file.context("listing the loader's entries")?.path();
        let subject = || format!("reading the loader's entry {}", file.display());
        let text = fs::read_to_string(&file).with_context(subject)?;
        for (key, link) in [("linux", "kernel"), ("initrd", "initrd")] {
            let on_esp = value(&text, key).with_context(|| format!("{}: no line `{key}`", subject()))?;
            let ours = find(esp, on_esp.trim_start_matches('/'))?;
            let Some(root) = root else { continue };
            let installed = resolve(root, &Path::new(toplevel).join(link))?;
            if read(&ours)? != read(&installed)? {
                bail!("{}: {on_esp} is not the {link} of {toplevel}", subject());
            }
        }
        if !text.contains(&format!("init={toplevel}/init")) {
            bail!("{}: its options do not start {toplevel}", subject());
        }
        good += 1;
    }
    if good == 0 {
        bail!("listing the loader's entries: there are none");
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("reading {}", file.display()))
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix([' ', '\t'])).map(str::trim)
}

/// Follows symbolic links as the installed system would: absolute ones start at its root.
fn resolve(root: &Path, path: &Path) -> Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..16 {
        let here = root.join(path.strip_prefix("/").unwrap_or(&path));
        let Ok(link) = fs::read_link(&here) else {
            return Ok(here);
        };
        path = if link.is_absolute() { link } else { path.with_file_name(link) };
        if path.components().any(|part| part == Component::ParentDir) {
            bail!("following {}: a link with `..` in it", path.display());
        }
    }
    bail!("following {}: too many links", path.display())
}

/// A path below `dir` whose letters may differ in case, as FAT has it.
fn find(dir: &Path, path: &str) -> Result<PathBuf> {
    let mut here = dir.to_owned();
    for name in path.split('/') {
        let listed = fs::read_dir(&here).with_context(|| format!("listing {}", here.display()))?;
        here = listed
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|entry| entry.file_name().is_some_and(|found| found.eq_ignore_ascii_case(name)))
            .with_context(|| format!("looking for {path} on the ESP: {name} is not there"))?;
    }
    Ok(here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;
    use std::os::unix::fs::symlink;

    #[test]
    fn entry_lines_are_read() {
        let text = "title NixOS\nlinux /EFI/nixos/k.efi\ninitrd\t/i\n";
        assert_eq!(value(text, "linux"), Some("/EFI/nixos/k.efi"));
        assert_eq!(value(text, "initrd"), Some("/i"));
        assert_eq!(value(text, "options"), None);
    }

    #[test]
    fn loader_kernel_and_initrd_must_be_those_that_were_to_be_installed() {
        let dir = scratch("loader");
        let (esp, root) = (dir.join("esp"), dir.join("root"));
        for path in ["esp/efi/boot", "esp/loader/entries", "root/nix/store/top", "root/nix/store/k"] {
            fs::create_dir_all(dir.join(path)).unwrap();
        }
        let check = || check(&esp, &dir.join("sd.efi"), Some(&root), "/nix/store/top");
        fs::write(dir.join("sd.efi"), "sd").unwrap();
        fs::write(esp.join("efi/boot/bootx64.efi"), "").unwrap();
        assert!(check().unwrap_err().to_string().starts_with("comparing EFI/BOOT/BOOTX64.EFI with "));
        fs::write(esp.join("efi/boot/bootx64.efi"), "sd").unwrap();
        fs::write(esp.join("kernel"), "K").unwrap();
        fs::write(root.join("nix/store/k/bzImage"), "K").unwrap();
        fs::write(root.join("nix/store/k/initrd"), "K").unwrap();
        symlink("/nix/store/k/bzImage", root.join("nix/store/top/kernel")).unwrap();
        symlink("/nix/store/k/initrd", root.join("nix/store/top/initrd")).unwrap();
        assert!(check().unwrap_err().to_string().ends_with("there are none"));
        let entry = "linux /kernel\ninitrd /KERNEL\noptions init=/nix/store/top/init quiet\n";
        fs::write(esp.join("loader/entries/a.conf"), entry).unwrap();
        check().unwrap();
        fs::write(root.join("nix/store/k/initrd"), "L").unwrap();
        let error = check().unwrap_err().to_string();
        assert!(error.ends_with("/KERNEL is not the initrd of /nix/store/top"), "{error}");
        let without_root = |toplevel| super::check(&esp, &dir.join("sd.efi"), None, toplevel);
        without_root("/nix/store/top").unwrap();
        assert!(without_root("/nix/store/other").unwrap_err().to_string().ends_with("its options do not start /nix/store/other"));
    }
}
