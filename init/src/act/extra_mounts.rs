//! What the owner's commands have mounted below the new root: a subvolume at `/nix`, a directory in the place of another. It is mounted
//! again, read-only, when the disk is read back. proc_pid_mountinfo(5).

use rustix::mount::{MountFlags, mount, mount_bind};

use super::mounts::{BOOT, EFI, ROOT, decoded};
use crate::error::{Doing, Kind, Result};

/// One mount.
#[derive(Debug, PartialEq, Eq)]
pub struct Extra {
    target: String,
    how: How,
}

#[derive(Debug, PartialEq, Eq)]
enum How {
    /// A file system on a device: node, kind and options.
    Device(String, String, String),
    /// A directory of one that is mounted already.
    Bind(String),
}

/// A line of mountinfo.
struct Line<'a> {
    device: &'a str,
    root: String,
    target: String,
    kind: &'a str,
    source: String,
    options: &'a str,
}

/// The mounts below the new root but those of the ESP, in their order. What is on no disk holds nothing of the installation.
pub fn below_root(mountinfo: &str) -> Vec<Extra> {
    let lines: Vec<Line> = mountinfo.lines().filter_map(line).filter(|line| line.target.starts_with(ROOT)).collect();
    let extra = |line: &&Line| {
        line.target.starts_with(&format!("{ROOT}/")) && ![BOOT, EFI].contains(&&*line.target) && line.source.starts_with("/dev/")
    };
    let how = |line: &Line| {
        let subvolume = line.options.split(',').find(|option| option.starts_with("subvol="));
        let whole = |other: &&Line| other.device == line.device && other.root == "/" && other.target != line.target;
        match (line.kind, lines.iter().find(whole)) {
            ("btrfs", _) => How::Device(line.source.clone(), line.kind.into(), subvolume.unwrap_or_default().into()),
            (_, Some(whole)) if line.root != "/" => How::Bind(format!("{}{}", whole.target, line.root)),
            _ => How::Device(line.source.clone(), line.kind.into(), String::new()),
        }
    };
    lines.iter().filter(extra).map(|line| Extra { target: line.target.clone(), how: how(line) }).collect()
}

fn line(text: &str) -> Option<Line<'_>> {
    let (left, right) = text.split_once(" - ")?;
    let (mut left, mut right) = (left.split(' ').skip(2), right.split(' '));
    Some(Line {
        device: left.next()?,
        root: decoded(left.next()?),
        target: decoded(left.next()?),
        kind: right.next()?,
        source: decoded(right.next()?),
        options: right.next()?,
    })
}

impl Extra {
    /// Mounts it again, read-only.
    ///
    /// # Errors
    /// It cannot be.
    pub fn again(&self) -> Result<()> {
        let doing = || format!("mounting {} again", self.target);
        match &self.how {
            How::Device(node, kind, options) => {
                let options = std::ffi::CString::new(options.as_str()).doing(Kind::Disk, doing)?;
                mount(node.as_str(), self.target.as_str(), kind.as_str(), MountFlags::RDONLY, options.as_c_str()).doing(Kind::Disk, doing)
            }
            How::Bind(from) => mount_bind(from.as_str(), self.target.as_str()).doing(Kind::Disk, doing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subvolumes_and_directories_are_told_apart_and_memory_is_left_out() {
        let mountinfo = "\
            21 1 0:19 / /proc rw - proc proc rw\n\
            30 1 259:2 / /mnt rw,noatime shared:1 - ext4 /dev/nvme0n1p2 rw\n\
            31 30 259:1 / /mnt/boot rw shared:2 - vfat /dev/nvme0n1p1 rw,umask=0077\n\
            37 31 259:1 /EFI.NEW /mnt/boot/EFI rw shared:2 - vfat /dev/nvme0n1p1 rw,umask=0077\n\
            38 31 8:3 / /mnt/boot/other rw shared:6 - vfat /dev/sda3 rw\n\
            32 30 259:2 /persist/a\\040b /mnt/srv rw shared:1 - ext4 /dev/nvme0n1p2 rw\n\
            33 30 0:40 /@nix /mnt/nix rw shared:3 - btrfs /dev/mapper/data rw,space_cache=v2,subvolid=257,subvol=/@nix\n\
            34 30 8:1 / /mnt/data rw shared:4 - xfs /dev/sda1 rw\n\
            35 30 0:41 / /mnt/tmp rw shared:5 - tmpfs tmpfs rw\n\
            36 1 8:2 / /mnt2 rw - ext4 /dev/sda2 rw\n";
        let device = |node: &str, kind: &str, options: &str| How::Device(node.into(), kind.into(), options.into());
        let found: Vec<(String, How)> = below_root(mountinfo).into_iter().map(|extra| (extra.target, extra.how)).collect();
        assert_eq!(
            found,
            [
                ("/mnt/boot/other".to_string(), device("/dev/sda3", "vfat", "")),
                ("/mnt/srv".to_string(), How::Bind("/mnt/persist/a b".into())),
                ("/mnt/nix".into(), device("/dev/mapper/data", "btrfs", "subvol=/@nix")),
                ("/mnt/data".into(), device("/dev/sda1", "xfs", "")),
            ]
        );
        assert!(below_root("nonsense\n1 2 3 - \n").is_empty());
    }
}
