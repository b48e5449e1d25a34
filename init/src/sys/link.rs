//! Network links, netdevice(7).

use linux_raw_sys::ioctl::{SIOCGIFFLAGS, SIOCSIFFLAGS};
use rustix::io::{Errno, Result};
use rustix::ioctl::{Opcode, Updater, ioctl};
use rustix::net::{AddressFamily, SocketType, socket};

/// `struct ifreq` with flags in its union.
#[repr(C)]
struct Request {
    name: [u8; 16],
    flags: u16,
    rest: [u8; 22],
}

const _: () = assert!(size_of::<Request>() == size_of::<libc::ifreq>());

/// `SIOCGIFFLAGS` and `SIOCSIFFLAGS`: switches the link with this name on, which sends nothing by itself but what IPv6 needs.
pub fn up(link: &str) -> Result<()> {
    let control = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    let mut request = Request { name: [0; 16], flags: 0, rest: [0; 22] };
    let room = request.name.get_mut(..link.len()).filter(|room| room.len() < 16).ok_or(Errno::NAMETOOLONG)?;
    room.copy_from_slice(link.as_bytes());
    // SAFETY: the kernel reads and writes one `struct ifreq` through the pointer, whose size is checked above.
    unsafe { ioctl(&control, Updater::<{ SIOCGIFFLAGS as Opcode }, Request>::new(&mut request)) }?;
    request.flags |= libc::IFF_UP as u16;
    // SAFETY: as above.
    unsafe { ioctl(&control, Updater::<{ SIOCSIFFLAGS as Opcode }, Request>::new(&mut request)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_link_is_an_error() {
        assert_eq!(up("no-such-link"), Err(Errno::NODEV));
        assert_eq!(up("a-name-that-is-too-long"), Err(Errno::NAMETOOLONG));
    }
}
