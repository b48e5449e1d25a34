//! Puts the medium together: one hybrid image that boots from stick, disk and CD, with UEFI (systemd-boot on the ESP) and
//! with a BIOS (GRUB, which reads the same files from the ESP). Its GPT's disk GUID comes from its content and is how
//! `init` knows its own medium. Two builds of the same content are the same bytes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::append::{self, Partition};
use super::{loader, partitions};
use crate::cache::{self, Key};
use crate::command::{self, EPOCH_DATE};
use crate::parts::Parts;
use crate::stamp;

/// Partition types: EFI system, basic data, Linux data.
const ESP: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
const BASIC_DATA: &str = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7";
/// Type of a partition of Linux that is nothing more special.
pub const LINUX_DATA: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

/// Names of the partitions, by which `init` finds them on its medium.
pub const LABELS: [&str; 4] = ["AI-BOOT", "AI-KIT", "AI-STAGE2", "AI-CLOSURE"];

/// Raise when the same content is laid out differently: an image made before is then made again.
const RECIPE: u32 = 3;

/// What GRUB's core needs to find the ESP, show a menu on screen and serial line, and start Linux.
const GRUB_MODULES: [&str; 18] = [
    "biosdisk",
    "part_gpt",
    "part_msdos",
    "iso9660",
    "fat",
    "normal",
    "linux",
    "serial",
    "terminal",
    "search",
    "search_fs_file",
    "configfile",
    "echo",
    "test",
    "ls",
    "reboot",
    "halt",
    "minicmd",
];

/// What goes onto a medium.
pub struct Medium<'a> {
    /// Kernel and boot loaders.
    pub parts: &'a Parts,
    /// The assembled initrd.
    pub initrd: &'a Path,
    /// The stage-2 image.
    pub stage2: &'a Path,
    /// The closure image, if the medium carries one.
    pub closure: Option<&'a Path>,
    /// The medium's identity, lower case.
    pub disk_guid: &'a str,
}

/// Adds all that this file, the loaders and the file systems bring to a medium, whatever the host.
pub fn identify(key: &mut Key, parts: &Parts) -> Result<()> {
    key.add(&RECIPE.to_le_bytes());
    for text in LABELS.iter().chain(&[ESP, BASIC_DATA, LINUX_DATA]).chain(&GRUB_MODULES) {
        key.add(text.as_bytes());
    }
    // The boot sector, too, lies in the directory of GRUB's modules.
    key.add_tree(&parts.grub)?;
    key.add_file(&parts.kernel)?;
    key.add_file(&parts.loader)?;
    loader::identify(key);
    partitions::identify(key);
    Ok(())
}

impl Medium<'_> {
    /// Writes the image, unless one of the same content lies there already; `judge` says whether a new one may stay.
    pub fn write_unless_same(&self, iso: &Path, judge: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        stamp::unless_same(iso, self.disk_guid, |part| {
            cache::with_directory(part, |work| self.write(part, work))?;
            judge(part)
        })
    }

    /// `work` is an empty directory for what the image is made of.
    fn write(&self, out: &Path, work: &Path) -> Result<()> {
        let esp = work.join("esp.img");
        let kit = work.join("kit.img");
        partitions::esp(&esp, self.parts, self.initrd, self.disk_guid, work)?;
        partitions::kit(&kit, self.disk_guid, work)?;
        let root = work.join("iso");
        self.grub_core(&root, work)?;
        self.xorriso(out, &root, &esp)?;
        let [boot, kit_label, stage2, closure] = LABELS;
        append::name(out, 2, boot)?;
        let partition = |label, kind, image: &Path| Partition { label, kind, image: image.to_path_buf() };
        let mut more = vec![partition(kit_label, BASIC_DATA, &kit), partition(stage2, LINUX_DATA, self.stage2)];
        more.extend(self.closure.map(|image| partition(closure, LINUX_DATA, image)));
        append::append(out, self.disk_guid, 3, &more)
    }

    /// The one file of the ISO 9660 partition: what a BIOS starts from a CD or through the boot sector.
    fn grub_core(&self, root: &Path, work: &Path) -> Result<()> {
        let subject = "making GRUB's core";
        let early = work.join("early.cfg");
        let core = root.join("boot/grub/eltorito.img");
        fs::create_dir_all(root.join("boot/grub")).and_then(|()| fs::write(&early, loader::grub_early(self.disk_guid))).context(subject)?;
        let mut command = command::tool("grub-mkimage");
        command.arg("-d").arg(&self.parts.grub);
        command.args(["-O", "i386-pc-eltorito", "-p", "/boot/grub", "-c"]);
        command.arg(&early).arg("-o").arg(&core).args(GRUB_MODULES);
        command::run(subject, &mut command)?;
        partitions::date(&core)
    }

    /// An image of the ISO 9660 partition and the ESP, with everything that makes it bootable.
    fn xorriso(&self, out: &Path, root: &Path, esp: &Path) -> Result<()> {
        let mut command = command::tool("xorriso");
        command.args(["-as", "mkisofs", "-quiet", "-o"]).arg(out);
        command.args(["-V", "AUTOINSTALLER", "-r", "-no-pad"]);
        command.arg(format!("--modification-date={EPOCH_DATE}"));
        command.args(["--set_all_file_dates", EPOCH_DATE]);
        command.args(["--gpt_disk_guid", self.disk_guid]);
        command.args(["-partition_offset", "16", "-appended_part_as_gpt"]);
        command.args(["-append_partition", "2", ESP]).arg(esp);
        command.arg("--grub2-mbr").arg(self.parts.grub.join("boot_hybrid.img"));
        command.args(["-b", "boot/grub/eltorito.img", "-no-emul-boot"]);
        command.args(["-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info"]);
        command.args(["-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::"]);
        command.arg("-no-emul-boot").arg(root);
        command::run("writing the medium", &mut command)
    }
}
