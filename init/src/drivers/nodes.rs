//! Nodes of devices that no hardware announces and no file system asks for. Who opens one has the kernel ask for its module, so that the module
//! is loaded when it is needed, by whomever, and not at every boot.

use std::fs::create_dir_all;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use rustix::io::Errno;

/// Below /dev: its name, and its minor number among the kernel's miscellaneous devices (linux/miscdevice.h).
pub const NODES: [(&str, u32); 2] = [("loop-control", 237), ("mapper/control", 236)];

/// Major number of all those.
const MISCELLANEOUS: u32 = 10;

/// Makes them; a kernel that has the driver has made its node already.
pub fn make() {
    for (name, minor) in NODES {
        let path = Path::new("/dev").join(name);
        let made = create_dir_all(path.parent().unwrap_or(&path)).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO));
        let device = makedev(MISCELLANEOUS, minor);
        match made.and_then(|()| mknodat(CWD, &path, FileType::CharacterDevice, Mode::RUSR | Mode::WUSR, device)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => log::warn!("making {}: {error}", path.display()),
        }
    }
}

/// What the kernel calls the module behind a node, which is an alias of it.
pub fn alias(minor: u32) -> String {
    format!("char-major-{MISCELLANEOUS}-{minor}")
}

#[cfg(test)]
mod tests {
    use super::alias;

    #[test]
    fn aliases_are_those_of_the_kernel() {
        assert_eq!(alias(237), "char-major-10-237");
    }
}
