//! Puts the medium together: one hybrid image that boots from stick, disk and CD, with UEFI (systemd-boot on the ESP) and
//! with a BIOS (GRUB, which reads the same files from the ESP). Its GPT's disk GUID comes from its content and is how
//! `init` knows its own medium. Two builds of the same content are the same bytes.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{loader, partitions};
use crate::cache;
use crate::command::{self, EPOCH_DATE};
use crate::parts::Parts;

/// Partition types: EFI system, basic data, Linux data.
const ESP: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
const BASIC_DATA: &str = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7";
const LINUX_DATA: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";

/// A partition starts and ends at a multiple of this many bytes.
const ALIGNMENT: u64 = 1024 * 1024;
/// The table of an image file counts in sectors of this many bytes.
const SECTOR: u64 = 512;

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
    /// Writes the image; `work` is an empty directory for what it is made of.
    pub fn write(&self, out: &Path, work: &Path) -> Result<()> {
        let esp = work.join("esp.img");
        let kit = work.join("kit.img");
        partitions::esp(&esp, self.parts, self.initrd, self.disk_guid, work)?;
        partitions::kit(&kit, self.disk_guid, work)?;
        let appended =
            [("AI-BOOT", ESP, esp), ("AI-KIT", BASIC_DATA, kit), ("AI-STAGE2", LINUX_DATA, padded(self.stage2, &work.join("stage2.img"))?)];
        let root = work.join("iso");
        self.grub_core(&root, work)?;
        self.xorriso(out, &root, &appended)?;
        // xorriso names the partitions "Appended2" and so on.
        let mut name = command::tool("sgdisk");
        for (number, (label, ..)) in (2..).zip(&appended) {
            name.arg("-c").arg(format!("{number}:{label}"));
        }
        command::run("naming the medium's partitions", name.arg(out))?;
        self.append_closure(out)
    }

    /// xorriso appends four partitions at the most, so the fifth comes behind its backup table, which moves to the new end.
    fn append_closure(&self, out: &Path) -> Result<()> {
        let adding = || format!("adding the closure to {}", out.display());
        let mut medium = File::options().read(true).write(true).open(out).with_context(adding)?;
        let start = medium.metadata().with_context(adding)?.len().next_multiple_of(ALIGNMENT);
        let mut closure = File::open(self.closure).with_context(|| format!("opening {}", self.closure.display()))?;
        medium.seek(SeekFrom::Start(start)).with_context(adding)?;
        let end = start + io::copy(&mut closure, &mut medium).with_context(adding)?.next_multiple_of(ALIGNMENT);
        medium.set_len(end + ALIGNMENT).with_context(adding)?;
        let mut table = command::tool("sgdisk");
        // The partition's own GUID follows from the medium's, so that two builds are alike to the bit.
        table.arg("-e").arg("-n").arg(format!("5:{}:{}", start / SECTOR, end / SECTOR - 1));
        table.arg("-t").arg(format!("5:{LINUX_DATA}")).arg("-c").arg("5:AI-CLOSURE");
        table.arg("-u").arg(format!("5:{}", closure_guid(self.disk_guid)));
        command::run("adding the closure's partition", table.arg(out))
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

    fn xorriso(&self, out: &Path, root: &Path, appended: &[(&str, &str, PathBuf)]) -> Result<()> {
        let mut command = command::tool("xorriso");
        command.args(["-as", "mkisofs", "-quiet", "-o"]).arg(out);
        command.args(["-V", "AUTOINSTALLER", "-R", "-no-pad"]);
        command.arg(format!("--modification-date={EPOCH_DATE}"));
        command.args(["--set_all_file_dates", EPOCH_DATE]);
        command.args(["--gpt_disk_guid", self.disk_guid]);
        command.args(["-partition_offset", "16", "-appended_part_as_gpt"]);
        for (number, (_, kind, image)) in (2..).zip(appended) {
            command.arg("-append_partition").arg(number.to_string());
            command.arg(kind).arg(image);
        }
        command.arg("--grub2-mbr").arg(self.parts.grub.join("boot_hybrid.img"));
        command.args(["-b", "boot/grub/eltorito.img", "-no-emul-boot"]);
        command.args(["-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info"]);
        command.args(["-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::"]);
        command.arg("-no-emul-boot").arg(root);
        command::run("writing the medium", &mut command)
    }
}

/// The medium's identity: a GUID of the version for content hashes (RFC 9562, version 8), lower case.
pub fn disk_guid(digest: [u8; 32]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = cache::hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A GUID beside the medium's own: the last digit differs.
fn closure_guid(disk_guid: &str) -> String {
    let (rest, last) = disk_guid.split_at(disk_guid.len() - 1);
    format!("{rest}{}", if last == "c" { "0" } else { "c" })
}

/// A copy whose size is a whole number of alignments; what is added are zeros.
fn padded(image: &Path, copy: &Path) -> Result<PathBuf> {
    let size = fs::copy(image, copy).with_context(|| format!("copying {}", image.display()))?.next_multiple_of(ALIGNMENT);
    File::options().write(true).open(copy).and_then(|file| file.set_len(size)).with_context(|| format!("padding {}", copy.display()))?;
    Ok(copy.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guid_is_lower_case_and_of_the_hash_version() {
        assert_eq!(disk_guid([0xff; 32]), "ffffffff-ffff-8fff-bfff-ffffffffffff");
    }
}
