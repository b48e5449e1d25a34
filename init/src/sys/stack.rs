//! What glibc's start-up asks about the stack, pthread_getattr_np(3).

use core::ffi::c_int;

/// Does not know. std asks for the end of the main thread's stack, to tell an overflow from another fault in its message; glibc's answer
/// reads `/proc/self/maps` and brings all of its scanf, a fifteenth of this program. Without an answer the kernel's guard still ends the process.
///
/// # Safety
/// The arguments are not looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_getattr_np(_thread: libc::pthread_t, _attributes: *mut libc::pthread_attr_t) -> c_int {
    libc::ENOSYS
}
