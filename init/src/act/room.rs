//! Finds out whether the disk has the room that it says it has, before anything is put on it.
//!
//! A forged disk takes writes beyond its room and loses them, or puts them where others are already: it begins at the front again. So marks
//! are written at its end and at every power of two, where such writes land, and read back from the device. Each says where it belongs. A
//! disk that begins again after a room that is no power of two is found by its end alone, if that loses what is written.

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;

use crate::decide::{Disk, human};
use crate::error::{Doing, Error, Kind, Result};
use crate::sys::block;

/// Bytes of a mark: whole sectors, whatever the disk has.
const MARK: u64 = 4096;
/// The first one but for that at the front. Nobody sells less.
const FIRST: u64 = 1 << 20;
/// A new random GUID at each read, random(4): what an earlier check left must not be taken for this one's.
const RANDOM_GUID: &str = "/proc/sys/kernel/random/uuid";

/// Writes the marks, reads them back, and zeroes them.
///
/// # Errors
/// One of them is not there.
pub fn check(device: &File, disk: &Disk) -> Result<()> {
    let doing = || format!("checking that {} keeps what is written to it", disk.name);
    let places = places(disk.bytes);
    let guid = read_to_string(RANDOM_GUID).doing(Kind::System, doing)?;
    places.iter().try_for_each(|place| device.write_all_at(&mark(*place, &guid), *place)).doing(Kind::Disk, doing)?;
    device.sync_all().doing(Kind::Disk, doing)?;
    block::drop_cache(device).doing(Kind::Disk, doing)?;
    let read = |place| {
        let mut bytes = vec![0; MARK as usize];
        device.read_exact_at(&mut bytes, place).map(|()| bytes)
    };
    if let Some(lost) = lost(&places, &guid, read).doing(Kind::Disk, doing)? {
        let (at, bytes) = (human(lost), human(disk.bytes));
        let cause = format!("what was written at {at} of {bytes} is not there: it has less room than it says, or is broken");
        return Err(Error::new(Kind::Disk, doing(), cause));
    }
    places.iter().try_for_each(|place| block::zero_out(device, *place, MARK)).doing(Kind::Disk, doing)
}

/// The first place whose mark is not there.
fn lost(places: &[u64], guid: &str, read: impl Fn(u64) -> std::io::Result<Vec<u8>>) -> std::io::Result<Option<u64>> {
    for place in places {
        if read(*place)? != mark(*place, guid) {
            return Ok(Some(*place));
        }
    }
    Ok(None)
}

/// Front, powers of two, and end, from the front.
fn places(bytes: u64) -> Vec<u64> {
    let end = (bytes / MARK * MARK).saturating_sub(MARK);
    let doubled = std::iter::successors(Some(FIRST), |place| place.checked_mul(2)).take_while(|place| *place < end);
    [0].into_iter().chain(doubled).chain([end]).collect()
}

fn mark(place: u64, guid: &str) -> Vec<u8> {
    let text = format!("autoinstaller {place} {guid}");
    text.bytes().cycle().take(MARK as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// What a disk of 16 GiB with less room does with the marks: `put` says where one of them lands, if anywhere.
    fn found(put: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        let places = places(16 << 30);
        let mut disk = BTreeMap::new();
        for place in &places {
            put(*place).map(|to| disk.insert(to, mark(*place, "g")));
        }
        lost(&places, "g", |place| Ok(put(place).and_then(|from| disk.get(&from).cloned()).unwrap_or_default())).unwrap()
    }

    #[test]
    fn a_disk_with_all_of_its_room_keeps_all_marks() {
        assert_eq!(places(16 << 30).len(), 16);
        assert_eq!(places(16 << 30).last(), Some(&((16 << 30) - 4096)));
        assert_eq!(found(Some), None);
    }

    #[test]
    fn a_disk_that_begins_again_at_the_front_loses_a_mark() {
        for room in [1 << 30, 4 << 30, 8 << 30] {
            assert_eq!(found(|place| Some(place % room)), Some(0), "{room}");
        }
    }

    #[test]
    fn a_disk_that_forgets_what_is_beyond_loses_the_first_there() {
        assert_eq!(found(|place| (place < 3 << 30).then_some(place)), Some(4 << 30));
        assert_eq!(found(|place| (place < 15 << 30).then_some(place)), Some((16 << 30) - 4096));
    }
}
