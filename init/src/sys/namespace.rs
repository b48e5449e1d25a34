//! Mount namespaces, unshare(2).

use rustix::io::Result;
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Gives this process a mount namespace of its own. To be called before the process has a second thread.
pub fn leave_mounts() -> Result<()> {
    // SAFETY: `CLONE_NEWNS` does not touch file descriptors; `CLONE_FS`, which it implies, matters to threads alone, and there is one.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }
}
