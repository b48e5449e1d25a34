//! How far a build into the new store is, in numbers that move: an evaluation says nothing for minutes, and neither does a large build.

use std::fs::{read_dir, read_to_string};

use rustix::fs::statvfs;

use super::mounts::ROOT;
use crate::decide::human;

/// What is there, as the rest of a line.
pub fn so_far() -> String {
    let names = read_dir(format!("{ROOT}/nix/store")).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let paths = names.filter(|name| is_path(&name.to_string_lossy())).count();
    let bytes = statvfs(ROOT).map(|found| found.f_blocks.saturating_sub(found.f_bfree).saturating_mul(found.f_frsize));
    let swap = swap_in_use(&read_to_string("/proc/meminfo").unwrap_or_default());
    text(paths, bytes.unwrap_or_default(), swap)
}

/// Locks and the store's own directories are none.
fn is_path(name: &str) -> bool {
    !name.starts_with('.') && !name.ends_with(".lock")
}

fn text(paths: usize, bytes: u64, swap: u64) -> String {
    let text = format!(": {paths} store paths, {} on the disk", human(bytes));
    if swap == 0 { text } else { format!("{text}, {} of swap in use", human(swap)) }
}

/// In bytes, proc_meminfo(5).
fn swap_in_use(meminfo: &str) -> u64 {
    let kilobytes = |name| meminfo.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<u64>().ok());
    let [total, free] = ["SwapTotal:", "SwapFree:"].map(|name| kilobytes(name).unwrap_or_default());
    total.saturating_sub(free).saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_counted() {
        assert_eq!(text(412, 3 << 30, 0), ": 412 store paths, 3.0 GiB on the disk");
        assert_eq!(text(0, 0, 512 << 20), ": 0 store paths, 0.0 KiB on the disk, 512.0 MiB of swap in use");
        assert!(is_path("7w6glz5ydq6p50pfnffk06lbblvh5chv-linux.drv"));
        assert!(!is_path(".links") && !is_path("7w6glz5ydq6p50pfnffk06lbblvh5chv-linux.lock"));
        assert_eq!(swap_in_use("MemTotal: 2000 kB\nSwapTotal:  3000 kB\nSwapFree:  1000 kB\n"), 2_048_000);
        assert_eq!(swap_in_use(""), 0);
    }
}
