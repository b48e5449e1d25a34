//! The initrds that Debian's own tools make for the same kernel, as they make them for any machine, with the program that takes the time.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::initrd;
use crate::command;
use crate::debian;
use crate::nix;
use crate::parts::Parts;

/// Run in a mount namespace of its own: `$1` tree, `$2` modules, `$3` configuration of the kernel, `$4` its version, `$5` where the result
/// goes, then the command. Dracut looks for libraries where ldconfig has found some.
const ENTER: &str = r#"
set -eu
tree=$1 modules=$2 config=$3 version=$4 result=$5
shift 5
mount --bind "$tree" "$tree"
for name in dev proc sys; do mount --rbind "/$name" "$tree/$name"; done
for name in boot tmp usr/lib/modules var/tmp; do mount -t tmpfs tmpfs "$tree/$name"; done
mkdir "$tree/usr/lib/modules/$version"
mount --bind "$modules" "$tree/usr/lib/modules/$version"
cp "$config" "$tree/boot/config-$version"
mount --bind "$result" "$tree/mnt"
chroot "$tree" ldconfig
exec chroot "$tree" "$@"
"#;

/// Where it is made, in the tree, and the name of what is made.
const RESULT: &str = "/mnt/initrd";

/// First bytes of what zstd packs (RFC 8878, 3.1.1), which starts at a multiple of four.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A tool, and what brings its initrd to a prompt when the devices are known.
pub struct Other {
    /// The tool.
    pub name: &'static str,
    /// What makes the initrd; the version of the kernel follows.
    command: &'static [&'static str],
    /// Words of the kernel's command line: an existing disk for a root, and a stop before it is mounted.
    pub words: &'static str,
}

/// Both for any machine: of the machine on which it runs, neither knows anything that helps.
pub const OTHERS: [Other; 2] = [
    Other { name: "initramfs-tools", command: &["mkinitramfs", "-o", RESULT], words: "root=/dev/nvme0n1 break=premount" },
    Other { name: "dracut", command: &["dracut", "--no-hostonly", RESULT], words: "root=/dev/nvme0n1 rd.break=pre-mount" },
];

impl Other {
    /// Makes the initrd, and says how many bytes it has in memory.
    ///
    /// # Errors
    /// The tool is not to be had, cannot run here, or fails.
    pub fn write(&self, path: &Path, parts: &Parts) -> Result<u64> {
        let place = path.parent().context("making an initrd")?;
        let version = parts.modules.file_name().unwrap_or_default();
        let mut command = nix::unshare();
        command.args(["--mount", "--", "sh", "-c", ENTER, "sh"]);
        command.arg(debian::initrds()?).args([&parts.modules, &parts.kernel_config]).arg(version).arg(std::path::absolute(place)?);
        command.args(["env", "-i", "PATH=/usr/sbin:/usr/bin"]).args(self.command).arg(version);
        let doing = format!("making an initrd with {}", self.name);
        command::run(&doing, &mut command)?;
        let bytes = fs::read(path).with_context(|| doing.clone())?;
        let unpacked = unpacked(&bytes, place).context(doing)?;
        initrd::beside(path, bytes)?;
        Ok(unpacked)
    }
}

/// Archives that are not packed come first, for what the kernel wants early.
fn unpacked(initrd: &[u8], place: &Path) -> Result<u64> {
    let start = initrd.chunks_exact(4).position(|four| four == ZSTD).context("finding the archive: it is not packed with zstd")? * 4;
    let packed = place.join("packed.zst");
    fs::write(&packed, &initrd[start..]).with_context(|| format!("writing {}", packed.display()))?;
    let plain = command::output("unpacking it", command::tool("zstd").arg("-dcq").arg(&packed))?;
    fs::remove_file(&packed).with_context(|| format!("removing {}", packed.display()))?;
    Ok((start + plain.len()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn what_is_unpacked_counts_with_what_is_before_it() {
        let place = scratch("others");
        let plain = place.join("plain");
        fs::write(&plain, [7; 1000]).unwrap();
        let packed = command::output("packing", command::tool("zstd").arg("-cq").arg(&plain)).unwrap();
        let initrd = [b"earlier.".to_vec(), packed].concat();
        assert_eq!(unpacked(&initrd, &place).unwrap(), 1008);
        let error = unpacked(b"not packed", &place).unwrap_err().to_string();
        assert_eq!(error, "finding the archive: it is not packed with zstd");
    }
}
