//! Requests to block devices, `linux/fs.h`.

use std::os::fd::AsFd;

use linux_raw_sys::ioctl::{BLKDISCARD, BLKFLSBUF, BLKGETDISKSEQ, BLKGETSIZE64, BLKROSET, BLKRRPART, BLKZEROOUT, FITRIM};
use rustix::io::Result;
use rustix::ioctl::{Getter, NoArg, Setter, Updater, ioctl};

/// `BLKGETSIZE64`: size in bytes.
pub fn size(device: impl AsFd) -> Result<u64> {
    // SAFETY: the kernel writes one u64 (`size_t` of a 64-bit machine), the type the getter reserves.
    unsafe { ioctl(device, Getter::<BLKGETSIZE64, u64>::new()) }
}

/// `BLKGETDISKSEQ`: sequence number of this attachment of the device, never used twice while the kernel runs.
pub fn sequence(device: impl AsFd) -> Result<u64> {
    // SAFETY: the kernel writes one u64, the type the getter reserves.
    unsafe { ioctl(device, Getter::<BLKGETDISKSEQ, u64>::new()) }
}

/// `BLKROSET`: makes the kernel refuse or accept writes to this disk and all its partitions.
pub fn set_read_only(device: impl AsFd, read_only: bool) -> Result<()> {
    // SAFETY: the kernel reads one C int through the pointer, which the setter holds alive.
    unsafe { ioctl(device, Setter::<BLKROSET, i32>::new(i32::from(read_only))) }
}

/// `BLKZEROOUT`: zeroes `bytes` from `start`, both multiples of the logical sector size; offloaded where the device can.
pub fn zero_out(device: impl AsFd, start: u64, bytes: u64) -> Result<()> {
    // SAFETY: the kernel reads two u64, start and length, through the pointer.
    unsafe { ioctl(device, Setter::<BLKZEROOUT, [u64; 2]>::new([start, bytes])) }
}

/// `BLKDISCARD`: tells the device that it may forget `bytes` from `start`. What is read there afterwards is anything.
pub fn discard(device: impl AsFd, start: u64, bytes: u64) -> Result<()> {
    // SAFETY: the kernel reads two u64, start and length, through the pointer.
    unsafe { ioctl(device, Setter::<BLKDISCARD, [u64; 2]>::new([start, bytes])) }
}

/// `FITRIM`: discards what a mounted file system does not use of the `bytes` bytes from `start`.
pub fn trim(directory: impl AsFd, start: u64, bytes: u64) -> Result<()> {
    // `struct fstrim_range`: start, length, shortest run.
    let mut range = [start, bytes, 0];
    // SAFETY: the kernel reads and writes three u64 through the pointer.
    unsafe { ioctl(directory, Updater::<FITRIM, [u64; 3]>::new(&mut range)) }
}

/// `BLKRRPART`: makes the kernel read the partition table again; `EBUSY` while a partition is in use.
pub fn reread_partition_table(device: impl AsFd) -> Result<()> {
    // SAFETY: the request takes no argument.
    unsafe { ioctl(device, NoArg::<BLKRRPART>::new()) }
}

/// `BLKFLSBUF`: writes back and drops the kernel's cache of this device, so that the next read comes from the device.
pub fn drop_cache(device: impl AsFd) -> Result<()> {
    // SAFETY: the request takes no argument.
    unsafe { ioctl(device, NoArg::<BLKFLSBUF>::new()) }
}
