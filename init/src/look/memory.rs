//! How much memory the machine has: with too little of it an installation ends in the middle, when the disk is erased already.

use std::fs::read_to_string;

use crate::error::{Doing, Error, Kind, Result};
use crate::settings::Settings;

/// MiB of a machine that installs a system from the stick. Found by installing with less and less; half of that is what the medium takes.
const PREBUILT: u64 = 256;
/// MiB of a machine that builds its system, with swap on the new disk.
const BUILT: u64 = 640;
/// MiB that firmware and kernel keep for themselves, at most.
const KEPT: u64 = 72;

/// Refuses a machine with less memory than its installation needs.
///
/// # Errors
/// There is less; or the kernel does not say how much there is.
pub fn require_memory(settings: &Settings) -> Result<()> {
    let doing = || "looking at the memory".to_string();
    let text = read_to_string("/proc/meminfo").doing(Kind::System, doing)?;
    let total = total(&text).ok_or_else(|| Error::new(Kind::System, doing(), "/proc/meminfo does not say how much there is"))?;
    log::debug!("{total} MiB of memory are the kernel's to give");
    enough(total, settings.prebuilt).map_err(|cause| Error::new(Kind::Memory, doing(), cause))
}

/// MiB that the kernel can give to programs (proc_meminfo(5)).
fn total(meminfo: &str) -> Option<u64> {
    let kib: u64 = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024)
}

fn enough(total: u64, prebuilt: bool) -> std::result::Result<(), String> {
    let (needed, what) = if prebuilt { (PREBUILT, "installing from the stick") } else { (BUILT, "building a system") };
    if total + KEPT >= needed {
        return Ok(());
    }
    Err(format!("this machine has {total} MiB to give; {what} needs {} of them, as a machine with {needed} MiB has", needed - KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_has_to_give() {
        assert_eq!(total("MemTotal:         201432 kB\nMemFree:  1 kB\n"), Some(196));
        for broken in ["", "MemTotal: x kB", "MemTotal: 1 MB"] {
            assert_eq!(total(broken), None, "{broken}");
        }
    }

    #[test]
    fn too_little_is_refused_with_what_would_do() {
        assert_eq!((enough(184, true), enough(568, false)), (Ok(()), Ok(())));
        assert_eq!(
            enough(183, true).unwrap_err(),
            "this machine has 183 MiB to give; installing from the stick needs 184 of them, as a machine with 256 MiB has"
        );
        let manual = include_str!("../../../README.md");
        assert!(manual.contains(&format!("needs {PREBUILT} MiB of memory to be installed from the stick, and {BUILT} MiB to build")));
        assert!(enough(567, false).unwrap_err().contains("building a system needs 568 of them, as a machine with 640 MiB has"));
    }
}
