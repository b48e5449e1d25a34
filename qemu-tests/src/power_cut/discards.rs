//! What a disk makes of a discard, of which the specifications promise nothing (NVM Command Set 1.0, section 3.2.1: what is read afterwards
//! is zeros, ones, or what was there). Pure.

use super::log::SECTOR;

/// One kind of disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discards {
    /// What was discarded reads as zeros.
    Zeroed,
    /// Nothing changes.
    Ignored,
    /// Each sector for itself: zeros, or what was there.
    Tossed,
}

impl Discards {
    /// All kinds, that of a file on the host first.
    pub const ALL: [Discards; 3] = [Discards::Zeroed, Discards::Ignored, Discards::Tossed];

    /// Whether a sector is zeros after this request; the answer is the same whenever it is asked.
    pub fn forget(self, request: u64, sector: u64) -> bool {
        match self {
            Discards::Zeroed => true,
            Discards::Ignored => false,
            Discards::Tossed => super::cut::Dice(request.rotate_left(32) ^ sector).below(2) == 0,
        }
    }

    /// Changes bytes of the disk, which begin at `at`, as a discard of all of them does.
    pub fn apply(self, request: u64, at: u64, bytes: &mut [u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let here = at + done as u64;
            let length = ((SECTOR - here % SECTOR) as usize).min(bytes.len() - done);
            if self.forget(request, here / SECTOR) {
                bytes[done..done + length].fill(0);
            }
            done += length;
        }
    }

    /// For the report.
    pub fn name(self) -> &'static str {
        match self {
            Discards::Zeroed => "discards that zero",
            Discards::Ignored => "discards that change nothing",
            Discards::Tossed => "discards that zero some sectors",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_zeroes_all_nothing_or_some_and_remembers_which() {
        let after = |discards: Discards, request| {
            let mut bytes = [7; 64 * 512 + 100];
            discards.apply(request, 1000, &mut bytes);
            bytes
        };
        assert!(after(Discards::Zeroed, 3).iter().all(|byte| *byte == 0));
        assert!(after(Discards::Ignored, 3).iter().all(|byte| *byte == 7));
        let some = after(Discards::Tossed, 3);
        assert!((16..50).contains(&some[24..].chunks_exact(512).filter(|sector| sector[0] == 0).count()));
        // A sector is one or the other.
        assert!(some[24..].chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
        assert!(after(Discards::Tossed, 3) == some);
        assert!(after(Discards::Tossed, 4) != some);
    }
}
