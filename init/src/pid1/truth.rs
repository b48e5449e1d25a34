//! The truth about the disk, for whoever has to report a failure: even a panic knows it.

use std::sync::{Mutex, PoisonError};

enum Truth {
    Untouched,
    Erased(String),
    Unverified(String),
    Installed(String),
}

static TRUTH: Mutex<Truth> = Mutex::new(Truth::Untouched);

/// To be called right before the first write.
pub fn erasing(disk: &str) {
    set(Truth::Erased(disk.into()));
}

/// To be called right before the disk is made bootable: from then on it may well boot, and nobody knows what.
pub fn unverified(disk: &str) {
    set(Truth::Unverified(disk.into()));
}

/// To be called when the disk has been read back and found good.
pub fn installed(disk: &str) {
    set(Truth::Installed(disk.into()));
}

/// What to tell a person.
pub fn sentence() -> String {
    match &*TRUTH.lock().unwrap_or_else(PoisonError::into_inner) {
        Truth::Untouched => "nothing was written".into(),
        Truth::Erased(disk) => format!("{disk} was erased and is not bootable"),
        Truth::Unverified(disk) => {
            format!("{disk} was erased and installed, but what is on it is not what it should be, or cannot be read")
        }
        Truth::Installed(disk) => format!("{disk} is installed and bootable"),
    }
}

fn set(truth: Truth) {
    *TRUTH.lock().unwrap_or_else(PoisonError::into_inner) = truth;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_until_somebody_says_so() {
        assert_eq!(sentence(), "nothing was written");
        erasing("nvme0n1");
        assert_eq!(sentence(), "nvme0n1 was erased and is not bootable");
        unverified("nvme0n1");
        assert_eq!(sentence(), "nvme0n1 was erased and installed, but what is on it is not what it should be, or cannot be read");
        installed("nvme0n1");
        assert_eq!(sentence(), "nvme0n1 is installed and bootable");
    }
}
