//! Lays the look-alike NixOS out in `target/fixture`: the flake of `qemu-tests/fixture`, and beside it what it is built from,
//! taken from the unpacked Debian trees: static busybox and bash, kernel, boot loader, the initrd's modules uncompressed.
//! Must give the same bytes for the same trees: Nix names the built system by them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache;
use crate::image::{libraries, modules};
use crate::parts::Parts;

/// Lays the flake out in `target` (which is emptied first), with files of the parts.
///
/// # Errors
/// If a file is missing in the trees, the kernel does not know a module of `fixture/modules`, or writing fails.
pub fn lay(parts: &Parts, target: &Path) -> Result<()> {
    let source = lay_source(target)?;

    let bin = make_dir(&target.join("bin"))?;
    for (name, program) in [("busybox", "usr/bin/busybox"), ("bash", "usr/bin/bash-static")] {
        copy(&parts.programs.join(program), &bin.join(name))?;
        set_executable(&bin.join(name))?;
    }

    let boot = make_dir(&target.join("boot"))?;
    copy(&parts.kernel, &boot.join("bzImage"))?;
    copy(&parts.loader, &boot.join("systemd-bootx64.efi"))?;
    let lists = [source.join("modules"), source.join("modules-luks")];
    lay_modules(&lists[..1], &parts.modules, &make_dir(&boot.join("modules"))?)?;
    lay_modules(&lists, &parts.modules, &make_dir(&boot.join("modules-luks"))?)?;
    lay_cryptsetup(&parts.stage2, &target.join("cryptsetup"))
}

/// Lays out what is not of the parts; returns where it comes from.
pub fn lay_source(target: &Path) -> Result<PathBuf> {
    let source = cache::root().join("qemu-tests/fixture");
    cache::remove(target)?;
    copy_tree(&source, target)?;
    Ok(source)
}

/// cryptsetup and all that its loader will look for, one of them unnamed: without it argon2id aborts when a thread ends.
fn lay_cryptsetup(tree: &Path, target: &Path) -> Result<()> {
    const PROGRAM: &str = "usr/sbin/cryptsetup";
    let lib = make_dir(&target.join("lib"))?;
    copy(&tree.join(PROGRAM), &target.join("cryptsetup"))?;
    let unnamed = tree.join("usr/lib/x86_64-linux-gnu/libgcc_s.so.1");
    let named = libraries::needed(tree, &[PROGRAM])?;
    for (path, file) in named.iter().map(|(path, file)| (Path::new(path), file)).chain([(unnamed.as_path(), &unnamed)]) {
        copy(file, &lib.join(path.file_name().context("naming a library: no file name")?))?;
    }
    Ok(())
}

/// Unpacks the modules named in `lists` with all they need, and writes `order`, their file names in load order.
fn lay_modules(lists: &[PathBuf], kernel: &Path, target: &Path) -> Result<()> {
    let texts = lists.iter().map(|list| fs::read_to_string(list).with_context(|| format!("reading {}", list.display())));
    let texts = texts.collect::<Result<Vec<String>>>()?;
    let names: Vec<&str> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
    let mut order = String::new();
    for (number, file) in modules::files_in_load_order(kernel, &names)?.iter().enumerate() {
        let name = format!("{number}.ko");
        write(&target.join(&name), &modules::decompressed(file)?)?;
        order += &format!("{name}\n");
    }
    write(&target.join("order"), order.as_bytes())
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

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
