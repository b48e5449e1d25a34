//! Discards piece by piece: a request cannot be interrupted, some cards erase slowly, and nobody needs them to.

use std::time::{Duration, Instant};

use rustix::io::Result;

/// How much at first; twice as much each time as long as that is quick.
const FIRST: u64 = 64 << 20;
/// What is quick.
const QUICK: Duration = Duration::from_secs(1);
/// How long it may take altogether.
const PATIENCE: Duration = Duration::from_secs(20);

/// Does all of `bytes` bytes, or as much as there is time for, and returns how much that was. `piece` is given a start and a length.
///
/// # Errors
/// The first of a piece.
pub fn discard(bytes: u64, piece: impl FnMut(u64, u64) -> Result<()>) -> Result<u64> {
    within(PATIENCE, bytes, piece)
}

fn within(patience: Duration, bytes: u64, mut piece: impl FnMut(u64, u64) -> Result<()>) -> Result<u64> {
    let started = Instant::now();
    let (mut start, mut stride) = (0, FIRST);
    while start < bytes && started.elapsed() <= patience {
        let (length, before) = (stride.min(bytes - start), Instant::now());
        piece(start, length)?;
        start += length;
        stride = if before.elapsed() < QUICK { stride.saturating_mul(2) } else { (stride / 2).max(FIRST) };
    }
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_once_in_growing_pieces() {
        let mut pieces = Vec::new();
        let done = discard(1 << 30, |start, length| {
            pieces.push((start, length));
            Ok(())
        });
        assert_eq!(done, Ok(1 << 30));
        assert!(pieces.len() < 6 && pieces[0] == (0, FIRST) && pieces[1] == (FIRST, 2 * FIRST));
        assert_eq!(pieces.iter().map(|(_, length)| length).sum::<u64>(), 1 << 30);
    }

    #[test]
    fn what_takes_too_long_is_left() {
        let slow = |_, _| {
            std::thread::sleep(Duration::from_millis(20));
            Ok(())
        };
        let done = within(Duration::from_millis(10), 1 << 40, slow);
        assert_eq!(done, Ok(FIRST));
        assert_eq!(discard(1, |_, _| Err(rustix::io::Errno::IO)), Err(rustix::io::Errno::IO));
    }
}
