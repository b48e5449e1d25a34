//! The kernel's own announcements that a device came, went or changed (lib/kobject_uevent.c), without udev between.
//!
//! Only *that* something happened is taken from them; what there is now is always read from sysfs. A lost announcement is one, too.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

use crate::error::{Doing, Kind, Result};

/// Multicast group of what the kernel says itself; the other one is udev's.
const KERNEL: u32 = 1;

/// An ear for announcements.
pub struct Uevents(OwnedFd);

impl Uevents {
    /// Listens from here on.
    ///
    /// # Errors
    /// The kernel was built without them.
    pub fn listen() -> Result<Uevents> {
        let doing = || "listening to the kernel's device events".to_string();
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT)).doing(Kind::System, doing)?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL)).doing(Kind::System, doing)?;
        Ok(Uevents(socket))
    }

    /// Whether a device was announced since the last call.
    pub fn heard(&self) -> bool {
        let mut heard = false;
        let mut message = [0; 4096];
        loop {
            match recv(&self.0, &mut message, RecvFlags::empty()) {
                Ok((length, _)) if length > 0 => heard |= is_of_a_device(message.get(..length).unwrap_or_default()),
                // More than the socket's buffer holds.
                Err(Errno::NOBUFS) => heard = true,
                Err(Errno::INTR) => {}
                _ => return heard,
            }
        }
    }

    /// Sleeps until something is announced, and no longer than `patience`.
    pub fn wait(&self, patience: Duration) {
        let timeout = Timespec::try_from(patience).ok();
        // Whatever it returns: the caller looks anyway.
        let _ = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], timeout.as_ref());
    }
}

/// Modules and drivers announce themselves as well, and that is our own doing.
fn is_of_a_device(message: &[u8]) -> bool {
    let path = message.iter().position(|byte| *byte == b'@').and_then(|at| message.get(at..));
    path.is_some_and(|path| path.starts_with(b"@/devices/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_devices_count() {
        assert!(is_of_a_device(b"add@/devices/pci0000:00/0000:00:04.0/nvme/nvme0\0ACTION=add\0"));
        assert!(is_of_a_device(b"remove@/devices/virtual/block/loop0\0"));
        for other in [&b"add@/module/nvme\0DEVPATH=/devices/\0"[..], b"add@/bus/pci/drivers/nvme\0", b"libudev\0@", b""] {
            assert!(!is_of_a_device(other), "{other:?}");
        }
    }

    #[test]
    fn silence_is_nothing_heard() {
        let uevents = Uevents::listen().unwrap();
        uevents.wait(Duration::from_millis(1));
        uevents.heard();
        assert!(!uevents.heard());
    }
}
