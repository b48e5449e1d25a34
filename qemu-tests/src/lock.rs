//! One builder at a time: verbs that write under `target/` hold `target/xtask.lock` (flock(2)) until they end. The kernel
//! lets go of it whatever ends the process; the file itself says nothing.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::cache;

/// Waits for the lock and removes what interrupted runs left half-made. The lock lasts as long as the file returned.
pub fn hold() -> Result<File> {
    let lock = take(&cache::directory("")?.join("xtask.lock"), || eprintln!("waiting for another cargo xtask to end"))?;
    cache::sweep()?;
    Ok(lock)
}

/// The same for `target/kernel`, whose builds take so long that others must not wait for them.
pub fn hold_kernel() -> Result<File> {
    let lock = take(&cache::directory("kernel")?.join("lock"), || eprintln!("waiting for another build of the kernel to end"))?;
    cache::sweep_one("kernel")?;
    Ok(lock)
}

fn take(path: &Path, waiting: impl FnOnce()) -> Result<File> {
    let locking = || format!("locking {}", path.display());
    let file = File::options().create(true).append(true).open(path).with_context(locking)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => {
            waiting();
            flock(&file, FlockOperation::LockExclusive).with_context(locking)?;
        }
        locked => locked.with_context(locking)?,
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_waits_for_the_first() {
        let path = std::env::temp_dir().join(format!("lock-test-{}", std::process::id()));
        let mut first = Some(take(&path, || panic!("nobody holds it")).unwrap());
        let mut waited = false;
        take(&path, || {
            waited = true;
            first = None;
        })
        .unwrap();
        assert!(waited);
        std::fs::remove_file(&path).unwrap();
    }
}
