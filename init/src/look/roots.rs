//! Where a machine shows itself. A test builds another machine out of files, and has it looked at by the same code.

use std::path::{Path, PathBuf};

/// The directories that everything about disks and firmware is read from.
#[derive(Clone, Copy, Debug)]
pub struct Roots<'a> {
    /// sysfs, with efivarfs in its place.
    pub sys: &'a str,
    /// The device nodes.
    pub dev: &'a str,
}

impl Roots<'static> {
    /// The machine this runs on.
    pub const MACHINE: Roots<'static> = Roots { sys: "/sys", dev: "/dev" };
}

impl Roots<'_> {
    /// A path below sysfs.
    pub fn sysfs(self, path: &str) -> PathBuf {
        Path::new(self.sys).join(path)
    }

    /// The device node with this kernel name.
    pub fn node(self, name: &str) -> String {
        format!("{}/{name}", self.dev)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Disk;

    #[test]
    fn this_machine_s_nodes_are_those_of_the_plan() {
        let disk = Disk { name: "nvme0n1".into(), ..Disk::default() };
        assert_eq!(Roots::MACHINE.node(&disk.name), disk.node());
        assert_eq!(Roots::MACHINE.sysfs("block"), Path::new("/sys/block"));
    }
}
