//! Company for the installer, beside it in its initrd: a program that starts first, leaves something behind and becomes the installer. What
//! each of them does is in `company/`. Only boots that are given their initrd can have one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command;
use crate::image::cpio::Archive;

/// The kernel word by which a row asks for the observer, who says every argument and every variable of the environment of any process, every
/// mapping, every device that is swapped to, and what never is, once each, on the serial line.
pub const WORD: &str = "rdinit=/observe";
/// For the squatter, who takes a swap area on the first disk into use as soon as it is there.
pub const SQUATTER: &str = "rdinit=/squat";
/// For the owner, whose boot commands fail.
pub const OWNER: &str = "rdinit=/own";
/// For the killer, who ends whatever sleeps for ever.
pub const KILLER: &str = "rdinit=/kill";
/// For the miser, who leaves hardly any room for the log.
pub const MISER: &str = "rdinit=/save";
/// For the warden, who has the firmware's variables never written.
pub const WARDEN: &str = "rdinit=/ward";
/// For the pest, who sends PID 1 every signal again and again.
pub const PEST: &str = "rdinit=/pester";
/// For the parent, whose boot commands leave daemons behind and die.
pub const PARENT: &str = "rdinit=/leave";
/// For the sampler, who tries what no installation needs and a command of an owner may.
pub const SAMPLER: &str = "rdinit=/sample";

const COMPANY: [(&str, &str); 9] = [
    (WORD, include_str!("../../company/observe.sh")),
    (SQUATTER, include_str!("../../company/squat.sh")),
    (OWNER, include_str!("../../company/own.sh")),
    (KILLER, include_str!("../../company/kill.sh")),
    (MISER, include_str!("../../company/save.sh")),
    (WARDEN, include_str!("../../company/ward.sh")),
    (PEST, include_str!("../../company/pester.sh")),
    (PARENT, include_str!("../../company/leave.sh")),
    (SAMPLER, include_str!("../../company/sample.sh")),
];

/// Whether the kernel words ask for any of them.
pub fn is_asked_for(kernel_words: &[&str]) -> bool {
    wanted(kernel_words).next().is_some()
}

fn wanted<'a>(kernel_words: &'a [&str]) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    COMPANY.into_iter().filter(|(word, _)| kernel_words.contains(word))
}

/// Name of the initrd with them, in the directory of the scenario.
pub const INITRD: &str = "initrd.bin";

/// Begins every line of the observer.
pub const PREFIX: &str = "OBSERVED ";

/// An EROFS image with one file.
fn erofs(beside: &Path) -> Result<Vec<u8>> {
    let (tree, image) = (beside.with_extension("tree"), beside.with_extension("erofs"));
    fs::create_dir_all(&tree).and_then(|()| fs::write(tree.join("word"), "read")).context("writing what an image is made of")?;
    command::run("making an EROFS image", command::tool("mkfs.erofs").arg(&image).arg(&tree))?;
    fs::read(&image).with_context(|| format!("reading {}", image.display()))
}

/// Writes the initrd with those who are asked for behind it: the kernel unpacks one archive after the other.
pub fn add(initrd: &Path, target: &Path, kernel_words: &[&str]) -> Result<()> {
    let mut bytes = fs::read(initrd).with_context(|| format!("reading {}", initrd.display()))?;
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let mut archive = Archive::default();
    for (word, script) in wanted(kernel_words) {
        archive.file(word.trim_start_matches("rdinit=/"), 0o755, script.into());
    }
    if kernel_words.contains(&SAMPLER) {
        archive.file("sample.erofs", 0o644, erofs(target)?);
    }
    // The shell gives it to what runs in the background, and there are no devices yet.
    archive.file("dev/null", 0o666, Vec::new());
    bytes.extend(archive.bytes());
    fs::write(target, bytes).with_context(|| format!("writing {}", target.display()))
}
