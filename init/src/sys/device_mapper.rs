//! Requests to the device mapper, `linux/dm-ioctl.h`, version 4.0.0 of the interface, which every kernel since 2.6 speaks.

use std::os::fd::AsFd;

use linux_raw_sys::ioctl::{DM_DEV_REMOVE, DM_GET_TARGET_VERSION, DM_REMOVE_ALL};
use rustix::io::{Errno, Result};
use rustix::ioctl::{Updater, ioctl};

/// Where requests go.
pub const CONTROL: &str = "/dev/mapper/control";

/// `struct dm_ioctl`.
#[repr(C)]
struct Request {
    version: [u32; 3],
    data_size: u32,
    data_start: u32,
    target_count: u32,
    open_count: i32,
    flags: u32,
    event_nr: u32,
    padding: u32,
    dev: u64,
    /// `char` in C, which may be signed; here it holds ASCII alone.
    name: [u8; 128],
    uuid: [u8; 129],
    data: [u8; 7],
}

const SIZE: usize = size_of::<Request>();
const _: () = assert!(SIZE == 312);

impl Request {
    /// A request about the device or target of this name, which has at most 127 bytes.
    fn about(name: &str) -> Result<Request> {
        let mut request = Request {
            version: [4, 0, 0],
            data_size: SIZE as u32,
            data_start: SIZE as u32,
            target_count: 0,
            open_count: 0,
            flags: 0,
            event_nr: 0,
            padding: 0,
            dev: 0,
            name: [0; 128],
            uuid: [0; 129],
            data: [0; 7],
        };
        let room = request.name.get_mut(..name.len()).filter(|room| room.len() < 128).ok_or(Errno::NAMETOOLONG)?;
        room.iter_mut().zip(name.bytes()).for_each(|(place, byte)| *place = byte);
        Ok(request)
    }
}

/// `DM_DEV_REMOVE`: lets go of a mapping; `EBUSY` while it is in use.
pub fn remove(control: impl AsFd, name: &str) -> Result<()> {
    let mut request = Request::about(name)?;
    // SAFETY: the kernel reads and writes `data_size` bytes at the pointer, which is the size of the request.
    unsafe { ioctl(control, Updater::<DM_DEV_REMOVE, Request>::new(&mut request)) }
}

/// `DM_REMOVE_ALL`: lets go of every mapping that is not in use.
pub fn remove_all(control: impl AsFd) -> Result<()> {
    let mut request = Request::about("")?;
    // SAFETY: as in `remove`.
    unsafe { ioctl(control, Updater::<DM_REMOVE_ALL, Request>::new(&mut request)) }
}

/// `DM_GET_TARGET_VERSION`: fails unless the kernel has this kind of mapping, for which it loads the module (since Linux 5.4).
pub fn require_target(control: impl AsFd, name: &str) -> Result<()> {
    let mut request = Request::about(name)?;
    // SAFETY: as in `remove`; the answer, for which there is no room, is left out.
    unsafe { ioctl(control, Updater::<DM_GET_TARGET_VERSION, Request>::new(&mut request)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_terminating_zero() {
        let request = Request::about("cryptroot").unwrap();
        assert_eq!((request.name[8], request.name[9]), (b't', 0));
        assert!(Request::about(&"x".repeat(127)).is_ok());
        assert_eq!(Request::about(&"x".repeat(128)).err(), Some(Errno::NAMETOOLONG));
        assert_eq!(Request::about(&"x".repeat(1000)).err(), Some(Errno::NAMETOOLONG));
    }
}
