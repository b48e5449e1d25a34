//! Where the partitions go: ESP at 1 MiB, root or the container that holds it, swap last and measured back from the end of the disk.
//!
//! Every boundary is a multiple of 1 MiB, which every logical sector size and every sensible erase block divides, or of the optimal
//! transfer size of an array that does not divide that. Sizes are computed with checked arithmetic for disks up to 2^63 bytes. UEFI 2.10, section 5.3 (GPT).

use crate::settings::Size;

/// Least alignment of every boundary, in bytes.
const ALIGN: u64 = 1 << 20;
/// The shortest and the longest stripe of an array that is believed. Many USB bridges call 65535 sectors optimal, which is no stripe.
const STRIPES: std::ops::RangeInclusive<u64> = (4 << 10)..=(64 << 20);
/// A root smaller than this cannot hold a NixOS closure that does anything.
const SMALLEST_ROOT: u64 = 2 << 30;
/// Space of the partition entries on either side: 128 entries of 128 bytes (UEFI 2.10, 5.3.1).
const ENTRIES: u64 = 128 * 128;

/// A partition's place in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub start: u64,
    /// Length.
    pub bytes: u64,
}

impl Region {
    /// The first byte behind it.
    pub fn end(self) -> u64 {
        self.start.saturating_add(self.bytes)
    }
}

/// The division of one disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// EFI system partition.
    pub esp: Region,
    /// Root file system, or the encrypted container that holds it.
    pub root: Region,
    /// Swap, when it was asked for.
    pub swap: Option<Region>,
}

/// What is divided.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// Size of the disk in bytes.
    pub bytes: u64,
    /// Logical sector size in bytes.
    pub sector: u64,
    /// Optimal transfer size in bytes; 0 where the disk names none.
    pub optimal: u64,
}

impl Geometry {
    /// Alignment of every boundary, in bytes: whole stripes and at least 1 MiB, if the disk has believable ones, otherwise 1 MiB.
    fn alignment(self) -> u64 {
        let stripe = STRIPES.contains(&self.optimal) && self.optimal % STRIPES.start() == 0;
        if stripe { ALIGN.checked_next_multiple_of(self.optimal).unwrap_or(ALIGN) } else { ALIGN }
    }
}

/// What a disk has to have room for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Size of the ESP in bytes.
    pub esp: u64,
    /// Size of the swap partition, if there is to be one.
    pub swap: Option<Size>,
    /// What the root file system will have to hold, in bytes.
    pub content: u64,
}

/// The disk is too small: this many bytes would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSmall {
    /// Smallest size in bytes that the layout fits on.
    pub needed: u64,
}

impl Layout {
    /// Divides a disk.
    ///
    /// # Errors
    /// The size that would be needed.
    pub fn of(disk: Geometry, wanted: Wanted) -> Result<Layout, TooSmall> {
        let Wanted { esp, swap, content } = wanted;
        let too_large = TooSmall { needed: u64::MAX };
        let align = disk.alignment();
        let aligned = |bytes: u64| bytes.checked_next_multiple_of(align).ok_or(too_large);
        // A file system with this content needs room for its own tables and for the second generation of the system.
        let root_least = content.saturating_add(content / 4).saturating_add(SMALLEST_ROOT);
        let root_least = aligned(root_least)?;
        let esp_bytes = aligned(esp)?;
        let swap_bytes = match swap {
            Some(size) => size.bytes(disk.sector).ok_or(too_large).and_then(aligned)?,
            None => 0,
        };
        let tail = ENTRIES + disk.sector; // backup entries and backup header
        let needed =
            [align, esp_bytes, root_least, swap_bytes, align].iter().try_fold(0u64, |sum, b| sum.checked_add(*b)).unwrap_or(u64::MAX);
        if disk.bytes < needed {
            return Err(TooSmall { needed });
        }
        let end = (disk.bytes - tail) / align * align;
        let esp = Region { start: align, bytes: esp_bytes };
        let root_end = end - swap_bytes;
        let root = Region { start: esp.end(), bytes: root_end - esp.end() };
        let swap = swap.map(|_| Region { start: root_end, bytes: swap_bytes });
        Ok(Layout { esp, root, swap })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn of(disk: u64, sector: u64, swap: Option<Size>, content: u64) -> Result<Layout, TooSmall> {
        Layout::of(Geometry { bytes: disk, sector, optimal: 0 }, Wanted { esp: GIB, swap, content })
    }

    #[test]
    fn esp_root_swap_in_this_order_without_gaps() {
        for sector in [512, 4096] {
            let layout = of(16 * GIB, sector, Some(Size::Bytes(2 * GIB)), 0).unwrap();
            assert_eq!(layout.esp, Region { start: ALIGN, bytes: GIB });
            assert_eq!(layout.root.start, layout.esp.end());
            let swap = layout.swap.unwrap();
            assert_eq!((swap.start, swap.bytes), (layout.root.end(), 2 * GIB));
            assert_eq!(swap.end(), 16 * GIB - ALIGN);
        }
    }

    fn geometry(optimal: u64) -> Geometry {
        Geometry { bytes: 16 * GIB, sector: 512, optimal }
    }

    #[test]
    fn stripes_of_an_array_are_kept_whole_and_nonsense_is_not() {
        for (optimal, align) in [(0, ALIGN), (64 << 10, ALIGN), (1536 << 10, 1536 << 10), (768 << 10, 1536 << 10), (4 << 20, 4 << 20)] {
            let layout = Layout::of(geometry(optimal), Wanted { esp: GIB, swap: Some(Size::Bytes(GIB)), content: 0 }).unwrap();
            let swap = layout.swap.unwrap();
            assert_eq!(layout.esp.start, align);
            assert!([layout.root.start, layout.root.end(), swap.start, swap.end()].iter().all(|at| at % align == 0), "{optimal}");
            assert!(layout.esp.bytes >= GIB && swap.bytes >= GIB && swap.end() + 33 * 512 <= 16 * GIB);
        }
        for nonsense in [512, 65535 * 512, 1 << 40, u64::MAX] {
            assert_eq!(geometry(nonsense).alignment(), ALIGN);
        }
    }

    #[test]
    fn too_small_says_how_much_is_needed_and_that_much_is_enough() {
        let of = |disk| of(disk, 512, Some(Size::Bytes(2 * GIB)), GIB);
        let TooSmall { needed } = of(GIB).unwrap_err();
        assert_eq!(needed, GIB + 2 * GIB + 2 * GIB + GIB + GIB / 4 + 2 * ALIGN);
        assert!(of(needed - 1).is_err() && of(needed).is_ok());
    }

    #[test]
    fn the_esp_has_the_size_that_was_asked_for() {
        let layout = Layout::of(geometry(0), Wanted { esp: 300_000_000, swap: None, content: 0 }).unwrap();
        assert_eq!((layout.esp.bytes, layout.root.start), (287 * ALIGN, 288 * ALIGN));
    }

    #[test]
    fn nothing_overflows() {
        assert!(of(1 << 63, 4096, Some(Size::Bytes(8 * GIB)), 1 << 40).is_ok());
        assert!(of(GIB, 512, Some(Size::Sectors(u64::MAX)), 0).is_err());
        assert!(of(GIB, 512, Some(Size::Bytes(u64::MAX)), 0).is_err());
        assert!(of(GIB, 512, None, u64::MAX / 2).is_err());
    }

    #[test]
    fn odd_disk_sizes_keep_the_alignment_and_the_backup_table() {
        for disk in [10 * GIB + 512, 10 * GIB + ALIGN - 4096, 500_107_862_016] {
            let layout = of(disk, 512, None, 0).unwrap();
            assert_eq!(layout.root.end() % ALIGN, 0);
            assert!(disk - layout.root.end() >= 33 * 512);
        }
    }
}
