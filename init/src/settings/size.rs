//! Sizes in sgdisk's notation: `8G`, `512M`, `8GiB`, or a plain number of logical sectors.

use std::str::FromStr;

/// A size, perhaps in units that only the disk knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many bytes.
    Bytes(u64),
    /// So many logical sectors of the target.
    Sectors(u64),
}

/// The ESP holds several kernels and initrds of a system that is updated for years: 1 GiB.
pub const ESP: u64 = 1 << 30;
/// With sectors of 4096 bytes FAT32 cannot be smaller: 65525 clusters (Microsoft FAT specification, section 3.5) and its tables.
const SMALLEST_ESP: u64 = 260 << 20;

/// The size of an ESP in bytes. It has to be known before the disk is, and so is not counted in sectors.
pub fn of_esp(text: &str) -> Result<u64, String> {
    match text.parse()? {
        Size::Bytes(bytes) if bytes >= SMALLEST_ESP => Ok(bytes),
        Size::Bytes(_) => Err(format!("{text} is too small for FAT32 on every disk: use at least 260M")),
        Size::Sectors(_) => Err(format!("{text} has no unit: use 1G or 512M")),
    }
}

impl Default for Size {
    /// 8 GiB, the module's default for swap.
    fn default() -> Self {
        Size::Bytes(8 << 30)
    }
}

impl Size {
    /// In bytes on a disk with this logical sector size; `None` when it overflows.
    pub fn bytes(self, sector: u64) -> Option<u64> {
        match self {
            Size::Bytes(bytes) => Some(bytes),
            Size::Sectors(count) => count.checked_mul(sector),
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let wrong = || format!("{text} is not a size: use 8G, 512M, 8GiB or a number of sectors");
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let shift = match unit.strip_suffix("iB").unwrap_or(unit) {
            "" if unit.is_empty() => return if number == 0 { Err(wrong()) } else { Ok(Size::Sectors(number)) },
            "K" => 10,
            "M" => 20,
            "G" => 30,
            "T" => 40,
            _ => return Err(wrong()),
        };
        match number.checked_mul(1 << shift) {
            Some(bytes) if bytes > 0 => Ok(Size::Bytes(bytes)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations() {
        for (text, size) in [
            ("8G", Size::Bytes(8 << 30)),
            ("8GiB", Size::Bytes(8 << 30)),
            ("512M", Size::Bytes(512 << 20)),
            ("64K", Size::Bytes(64 << 10)),
            ("2T", Size::Bytes(2 << 40)),
            ("4096", Size::Sectors(4096)),
        ] {
            assert_eq!(text.parse(), Ok(size), "{text}");
        }
        for text in ["", "G", "-1G", "8 G", "8g", "8GB", "0", "0G", "99999999999999999999", "99999999999T", "iB", "8iB", "8GiBiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_esp_has_a_least_size() {
        assert_eq!((of_esp("260M"), of_esp("1GiB")), (Ok(SMALLEST_ESP), Ok(ESP)));
        assert_eq!(of_esp("259M").unwrap_err(), "259M is too small for FAT32 on every disk: use at least 260M");
        assert_eq!(of_esp("2097152").unwrap_err(), "2097152 has no unit: use 1G or 512M");
    }

    #[test]
    fn sectors_do_not_overflow() {
        assert_eq!(Size::Sectors(u64::MAX).bytes(4096), None);
        assert_eq!(Size::Sectors(2048).bytes(512), Some(1 << 20));
    }
}
