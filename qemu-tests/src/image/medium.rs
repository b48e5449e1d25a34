//! Puts the medium together: one hybrid image that boots from stick, disk and CD, with UEFI (systemd-boot on the ESP) and
//! with a BIOS (GRUB, which reads the same files from the ESP). Its GPT's disk GUID comes from its content and is how
//! `init` knows its own medium. Two builds of the same content are the same bytes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::append::{self, Partition};
use super::{loader, partitions};
use crate::cache;
use crate::command::{self, EPOCH_DATE};
use crate::parts::Parts;

/// Partition types: EFI system, basic data, Linux data.
const ESP: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
const BASIC_DATA: &str = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7";
const LINUX_DATA: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

/// Raise when the same content is laid out differently: an image made before is then made again.
const RECIPE: u32 = 2;

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
    /// The closure image.
    pub closure: &'a Path,
    /// The medium's identity, lower case.
    pub disk_guid: &'a str,
}

impl Medium<'_> {
    /// Writes the image, unless one of the same content lies there already.
    pub fn write_unless_same(&self, iso: &Path) -> Result<()> {
        let mut name = iso.as_os_str().to_owned();
        name.push(".key");
        let stamp = PathBuf::from(name);
        let content = format!("{} recipe {RECIPE}\n", self.disk_guid);
        if iso.exists() && fs::read_to_string(&stamp).is_ok_and(|made| made == content) {
            return Ok(());
        }
        cache::remove(&stamp)?;
        cache::replace(iso, |part| {
            let work = PathBuf::from(format!("{}.work", part.display()));
            cache::remove(&work)?;
            fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
            let written = self.write(part, &work);
            cache::remove(&work)?;
            written
        })?;
        fs::write(&stamp, content).with_context(|| format!("writing {}", stamp.display()))
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
        append::name(out, 2, "AI-BOOT")?;
        let partition = |label, kind, image: &Path| Partition { label, kind, image: image.to_path_buf() };
        let more = [
            partition("AI-KIT", BASIC_DATA, &kit),
            partition("AI-STAGE2", LINUX_DATA, self.stage2),
            partition("AI-CLOSURE", LINUX_DATA, self.closure),
        ];
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
