//! Loop devices, `linux/loop.h`: a byte range of a device seen as a device of its own.

use std::os::fd::{AsFd, AsRawFd};

use linux_raw_sys::loop_device::{LO_FLAGS_READ_ONLY, LOOP_CLR_FD, LOOP_CONFIGURE, LOOP_CTL_GET_FREE, loop_config};
use rustix::io::Result;
use rustix::ioctl::{Ioctl, IoctlOutput, NoArg, Opcode, Setter, ioctl};

/// `LOOP_CTL_GET_FREE` on `/dev/loop-control`: the number of a free loop device, made when there is none.
pub fn free(control: impl AsFd) -> Result<u32> {
    // SAFETY: the request takes no argument and answers with its return value, as `GetFree` says.
    unsafe { ioctl(control, GetFree) }
}

/// `LOOP_CONFIGURE`: shows `bytes` of `backing` from `offset` as the loop device.
pub fn configure(device: impl AsFd, backing: impl AsFd, offset: u64, bytes: u64, read_only: bool) -> Result<()> {
    // SAFETY: all-zero is a valid `loop_config`, which consists of integers and arrays of integers.
    let mut config: loop_config = unsafe { std::mem::zeroed() };
    config.fd = backing.as_fd().as_raw_fd().unsigned_abs();
    config.info.lo_offset = offset;
    config.info.lo_sizelimit = bytes;
    config.info.lo_flags = if read_only { LO_FLAGS_READ_ONLY as u32 } else { 0 };
    // SAFETY: the kernel reads one `struct loop_config` through the pointer, which the setter holds alive.
    unsafe { ioctl(device, Setter::<LOOP_CONFIGURE, loop_config>::new(config)) }
}

/// `LOOP_CLR_FD`: lets go of the backing device.
pub fn clear(device: impl AsFd) -> Result<()> {
    // SAFETY: the request takes no argument.
    unsafe { ioctl(device, NoArg::<LOOP_CLR_FD>::new()) }
}

struct GetFree;

// SAFETY: no pointer is passed, nothing is written; the answer is the non-negative return value.
unsafe impl Ioctl for GetFree {
    type Output = u32;
    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        LOOP_CTL_GET_FREE
    }

    fn as_ptr(&mut self) -> *mut std::ffi::c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(output: IoctlOutput, _: *mut std::ffi::c_void) -> Result<u32> {
        Ok(output.unsigned_abs())
    }
}
