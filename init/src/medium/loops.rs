//! A byte range of the medium as a block device of its own, let go when dropped.

use std::fs::{File, OpenOptions, read_dir};
use std::path::Path;

use super::find::Medium;
use super::manifest::Image;
use crate::drivers::needed;
use crate::error::{Doing, Kind, Result};
use crate::sys::loop_device;

/// A loop device.
#[derive(Debug)]
pub struct Loop {
    /// Its device node.
    pub node: String,
    device: File,
}

impl Loop {
    /// An image on the medium, read-only, exactly the bytes that were verified.
    ///
    /// # Errors
    /// The medium cannot be read, or the kernel has no loop device.
    pub fn of(medium: &Medium, image: &Image) -> Result<Loop> {
        let (start, _) = medium.partition(image.partition)?;
        let backing = File::open(&medium.node).doing(Kind::Medium, || format!("opening {}", medium.node))?;
        // The kernel rounds a size limit down to whole sectors; images are padded to them.
        Loop::attach(&backing, start, image.bytes.next_multiple_of(512), true)
    }

    /// A range of an open device.
    ///
    /// # Errors
    /// The kernel has no loop device.
    pub fn readable(backing: &File, start: u64, bytes: u64) -> Result<Loop> {
        Loop::attach(backing, start, bytes, true)
    }

    /// A writable range of an open device.
    ///
    /// # Errors
    /// The kernel has no loop device.
    pub fn writable(backing: &File, start: u64, bytes: u64) -> Result<Loop> {
        Loop::attach(backing, start, bytes, false)
    }

    fn attach(backing: &File, start: u64, bytes: u64, read_only: bool) -> Result<Loop> {
        let doing = || "attaching a loop device".to_string();
        let control = OpenOptions::new().read(true).write(true).open("/dev/loop-control");
        let control = control.map_err(|error| needed::cause(&["loop"], error)).doing(Kind::System, doing)?;
        let number = loop_device::free(&control).doing(Kind::System, doing)?;
        let node = format!("/dev/loop{number}");
        let device = OpenOptions::new().read(true).write(!read_only).open(&node).doing(Kind::System, doing)?;
        loop_device::configure(&device, backing, start, bytes, read_only).doing(Kind::System, || format!("attaching {node}"))?;
        Ok(Loop { node, device })
    }
}

/// Lets go of every loop device, whoever has attached it.
pub fn detach_all() {
    let is_loop = |name: &str| name.starts_with("loop") && Path::new("/sys/block").join(name).join("loop").exists();
    let names = read_dir("/sys/block").into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    for name in names.filter(|name| is_loop(name)) {
        let cleared = File::open(Path::new("/dev").join(&name)).map(|device| loop_device::clear(&device));
        log::debug!("detaching {name}: {cleared:?}");
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        if let Err(error) = loop_device::clear(&self.device) {
            log::debug!("detaching {}: {error}", self.node);
        }
    }
}
