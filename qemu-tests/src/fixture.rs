//! Lays the look-alike NixOS out in `target/fixture`: the flake of `qemu-tests/fixture`, and beside it what it is built from,
//! taken from the unpacked Debian trees: static busybox and bash, kernel, boot loader, the initrd's modules uncompressed.
//! Must give the same bytes for the same trees: Nix names the built system by them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::nix::ended;

/// Lays the flake out in `target` (which is emptied first), with files from the `boot` and `stage2` trees.
///
/// # Errors
/// If a file is missing in the trees, a module of `fixture/modules` is neither a file nor built in, or writing fails.
pub fn lay(repository: &Path, boot: &Path, stage2: &Path, target: &Path) -> Result<()> {
    let source = repository.join("qemu-tests/fixture");
    if target.exists() {
        fs::remove_dir_all(target).with_context(|| format!("removing {}", target.display()))?;
    }
    copy_tree(&source, target)?;

    let trees = [boot, stage2];
    let bin = make_dir(&target.join("bin"))?;
    copy(&find(&trees, "usr/bin/busybox")?, &bin.join("busybox"))?;
    copy(&find(&trees, "usr/bin/bash-static")?, &bin.join("bash"))?;
    for name in ["busybox", "bash"] {
        set_executable(&bin.join(name))?;
    }

    let files = make_dir(&target.join("boot"))?;
    copy(&only(&boot.join("boot"), "vmlinuz-")?, &files.join("bzImage"))?;
    copy(&find(&trees, "usr/lib/systemd/boot/efi/systemd-bootx64.efi")?, &files.join("systemd-bootx64.efi"))?;

    let kernel = only(&boot.join("usr/lib/modules"), "")?;
    lay_modules(&source.join("modules"), &kernel, &make_dir(&files.join("modules"))?)
}

/// Unpacks the modules named in `list` and writes `order`, their file names in load order.
fn lay_modules(list: &Path, kernel: &Path, target: &Path) -> Result<()> {
    let mut available = BTreeMap::new();
    collect_modules(&kernel.join("kernel"), &mut available)?;
    let builtin = read(&kernel.join("modules.builtin"))?;
    let builtin: Vec<String> = builtin.lines().filter_map(|line| module_name(Path::new(line))).collect();
    let mut order = String::new();
    for name in read(list)?.split_whitespace() {
        if let Some(file) = available.get(name) {
            unpack(file, &target.join(format!("{name}.ko")))?;
            order.push_str(&format!("{name}.ko\n"));
        } else if !builtin.iter().any(|known| known == name) {
            bail!("finding module {name} in {}: neither a file nor built in", kernel.display());
        }
    }
    write(&target.join("order"), order.as_bytes())
}

fn collect_modules(directory: &Path, found: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for path in entries(directory)? {
        if path.is_dir() {
            collect_modules(&path, found)?;
        } else if let Some(name) = module_name(&path) {
            found.insert(name, path);
        }
    }
    Ok(())
}

/// `kernel/drivers/nvme/host/nvme-core.ko.xz` is `nvme_core`: `-` and `_` are equal to the kernel.
fn module_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (stem, rest) = name.split_once(".ko")?;
    matches!(rest, "" | ".xz" | ".zst").then(|| stem.replace('-', "_"))
}

fn unpack(file: &Path, target: &Path) -> Result<()> {
    let program = match file.extension().and_then(|e| e.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        _ => return copy(file, target),
    };
    let output = Command::new(program)
        .args(["--decompress", "--stdout"])
        .arg(file)
        .output()
        .with_context(|| format!("unpacking {}: starting {program}", file.display()))?;
    ensure!(
        output.status.success(),
        "unpacking {}: {program} {}: {}",
        file.display(),
        ended(output.status),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    write(target, &output.stdout)
}

fn find(trees: &[&Path], name: &str) -> Result<PathBuf> {
    trees.iter().map(|tree| tree.join(name)).find(|path| path.is_file()).with_context(|| format!("finding {name}: in none of the trees"))
}

/// The one entry of `directory` that starts with `prefix`: two kernels in a tree would be a guess.
fn only(directory: &Path, prefix: &str) -> Result<PathBuf> {
    let mut matching = entries(directory)?;
    matching.retain(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix)));
    match matching.as_slice() {
        [path] => Ok(path.clone()),
        _ => bail!("finding {prefix}* in {}: expected one, found {}", directory.display(), matching.len()),
    }
}

fn copy_tree(source: &Path, target: &Path) -> Result<()> {
    make_dir(target)?;
    for path in entries(source)? {
        let name = path.file_name().context("naming an entry: no file name")?;
        if path.is_dir() {
            copy_tree(&path, &target.join(name))?;
        } else {
            copy(&path, &target.join(name))?;
        }
    }
    Ok(())
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("reading {}", directory.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).with_context(context)? {
        paths.push(entry.with_context(context)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Copies the bytes and not the mode: the executable bit is part of a store path's name, and is set where it is meant.
fn copy(source: &Path, target: &Path) -> Result<()> {
    let bytes = fs::read(source).with_context(|| format!("reading {}", source.display()))?;
    write(target, &bytes)
}

fn set_executable(path: &Path) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).with_context(|| format!("changing the mode of {}", path.display()))
}

fn make_dir(path: &Path) -> Result<PathBuf> {
    fs::create_dir_all(path).with_context(|| format!("creating {}", path.display()))?;
    Ok(path.to_path_buf())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_named_as_the_kernel_names_them() {
        let name = |path| module_name(Path::new(path));
        assert_eq!(name("a/nvme-core.ko.xz").as_deref(), Some("nvme_core"));
        assert_eq!(name("ext4.ko").as_deref(), Some("ext4"));
        assert_eq!(name("a/modules.order"), None);
        assert_eq!(name("a/x.ko.sig"), None);
    }

    #[test]
    fn what_is_in_no_tree_is_named() {
        let refusal = find(&[Path::new("/nonexistent")], "usr/bin/busybox").unwrap_err();
        assert_eq!(refusal.to_string(), "finding usr/bin/busybox: in none of the trees");
    }
}
