//! Swap areas, swapon(2).

use std::ffi::CString;
use std::io::{Error, Result};

/// Uses the swap area on this device node.
pub fn on(node: &str) -> Result<()> {
    let node = CString::new(node)?;
    // SAFETY: the pointer is to a string with its terminating zero, alive during the call.
    check(unsafe { libc::swapon(node.as_ptr(), 0) })
}

/// Brings everything back into memory and lets go of the device.
pub fn off(node: &str) -> Result<()> {
    let node = CString::new(node)?;
    // SAFETY: as in `on`.
    check(unsafe { libc::swapoff(node.as_ptr()) })
}

fn check(answer: libc::c_int) -> Result<()> {
    if answer == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}
