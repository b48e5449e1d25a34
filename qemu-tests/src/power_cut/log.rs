//! What was written to a disk, in the order in which it was: the log that QEMU's `blklogwrites` keeps, in the format of the kernel's
//! dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst, drivers/md/dm-log-writes.c).
//!
//! A superblock, then entries of one sector each, every one followed by its data. A discard has none. All numbers are little-endian.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::discards::Discards;

/// Atomic unit of a disk, and what QEMU was told to count in.
pub const SECTOR: u64 = 512;
const MAGIC: u64 = 0x006a_7366_7773_6872;
const VERSION: u64 = 1;
const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;
const MARK: u64 = 8;

/// What was asked of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To keep these bytes. Zeros that are not sent look the same in the log.
    Write,
    /// The same, and to say so only when they are safe.
    SafeWrite,
    /// To forget what is there.
    Discard,
    /// To make everything safe that it was asked before.
    Flush,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What was asked.
    pub kind: Kind,
    /// First byte on the disk.
    pub start: u64,
    /// How many.
    pub bytes: u64,
    /// Where they are in the log.
    data: u64,
}

impl Entry {
    /// Behind its last byte on the disk.
    pub fn end(&self) -> u64 {
        self.start + self.bytes
    }
}

/// The whole log.
pub struct Log {
    file: File,
    /// What was on the disk before; none if it was empty.
    pub under: Option<PathBuf>,
    /// What this disk makes of discards.
    pub discards: Discards,
    /// The requests, oldest first.
    pub entries: Vec<Entry>,
}

impl Log {
    /// Reads all entries, and leaves their data where they are.
    pub fn read(path: &Path, under: Option<PathBuf>) -> Result<Log> {
        let subject = || format!("reading the log of writes {}", path.display());
        let file = File::open(path).with_context(subject)?;
        let entries = entries(&file).with_context(subject)?;
        Ok(Log { file, under, discards: Discards::Zeroed, entries })
    }

    /// Makes of bytes of the disk, those of an entry from this one on, what they were after it.
    pub fn change(&self, entry: &Entry, skip: u64, buffer: &mut [u8]) -> Result<()> {
        if entry.kind == Kind::Discard {
            self.discards.apply(entry.data, entry.start + skip, buffer);
            return Ok(());
        }
        self.file.read_exact_at(buffer, entry.data + skip).context("reading data from the log of writes")
    }

    /// Whether a sector is zeros after a discard.
    pub fn forgets(&self, discard: &Entry, sector: u64) -> bool {
        self.discards.forget(discard.data, sector)
    }

    /// The same without the requests for which this holds; the numbers of the others change.
    pub fn without(&self, dropped: impl Fn(&Entry) -> Result<bool>) -> Result<Log> {
        let file = self.file.try_clone().context("opening the log of writes a second time")?;
        let entries = self.entries.iter().map(|entry| Ok((!dropped(entry)?).then_some(*entry))).filter_map(Result::transpose);
        let entries = entries.collect::<Result<_>>()?;
        Ok(Log { file, under: self.under.clone(), discards: self.discards, entries })
    }

    /// How many entries the log had when it was so long.
    pub fn entries_within(&self, length: u64) -> usize {
        self.entries.partition_point(|entry| entry.data <= length)
    }
}

fn entries(file: &File) -> Result<Vec<Entry>> {
    let length = file.metadata()?.len();
    let [magic, version, least, sector] = numbers(file, 0).context("reading its superblock")?;
    ensure!(magic == MAGIC, "it is no log of writes: no flush was recorded, or it is another file");
    ensure!(version == VERSION, "its version is {version} instead of {VERSION}");
    ensure!(sector & 0xffff_ffff == SECTOR, "its sectors have {} bytes instead of {SECTOR}", sector & 0xffff_ffff);
    let mut entries = Vec::new();
    let mut at = SECTOR;
    // The number of entries is brought up to date with flushes alone, so the end of the file is the end of the log.
    while at + SECTOR <= length {
        let number = entries.len();
        let [sector, sectors, flags, _] = numbers(file, at).with_context(|| format!("reading entry {number}"))?;
        let kind = match flags {
            0 => Kind::Write,
            FUA => Kind::SafeWrite,
            DISCARD => Kind::Discard,
            FLUSH if sectors == 0 => Kind::Flush,
            flags if flags & MARK != 0 => bail!("entry {number} is a mark, which nobody has made"),
            flags => bail!("entry {number} has the flags {flags:#x} and {sectors} sectors"),
        };
        let entry = Entry { kind, start: sector * SECTOR, bytes: sectors * SECTOR, data: at + SECTOR };
        at = if kind == Kind::Discard { entry.data } else { entry.data + entry.bytes };
        ensure!(at <= length, "entry {number} is cut off");
        entries.push(entry);
    }
    ensure!(entries.len() as u64 >= least, "it has {} entries instead of {least}", entries.len());
    Ok(entries)
}

fn numbers(file: &File, at: u64) -> Result<[u64; 4]> {
    let mut bytes = [0; 32];
    file.read_exact_at(&mut bytes, at)?;
    let number = |index: usize| bytes[index * 8..][..8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Ok([0, 1, 2, 3].map(number))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    /// An entry as it is in the file.
    fn entry(sector: u64, sectors: u64, flags: u64) -> Vec<u8> {
        let mut bytes: Vec<u8> = [sector, sectors, flags, 0].into_iter().flat_map(u64::to_le_bytes).collect();
        bytes.resize(SECTOR as usize, 0);
        bytes
    }

    /// A log with the entries of a test: sector, data (a discard has only a length), flags.
    pub fn log(dir: &Path, requests: &[(u64, &[u8], u64)]) -> Log {
        let mut file = entry(MAGIC, VERSION, 0);
        file[24..28].copy_from_slice(&(SECTOR as u32).to_le_bytes());
        for (sector, data, flags) in requests {
            file.extend(entry(*sector, data.len() as u64 / SECTOR, *flags));
            if *flags != DISCARD {
                file.extend_from_slice(data);
            }
        }
        std::fs::write(dir.join("writes"), file).unwrap();
        Log::read(&dir.join("writes"), None).unwrap()
    }

    #[test]
    fn entries_are_read_with_their_data() {
        let dir = scratch("log");
        let (a, b) = ([1; 512], [2; 1024]);
        let log = log(&dir, &[(8, &a, 0), (100, &[0; 4096], DISCARD), (0, &[], FLUSH), (16, &b, FUA)]);
        let kinds: Vec<Kind> = log.entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [Kind::Write, Kind::Discard, Kind::Flush, Kind::SafeWrite]);
        assert_eq!((log.entries[1].start, log.entries[1].end()), (51_200, 55_296));
        let mut bytes = [9; 512];
        log.change(&log.entries[3], 512, &mut bytes).unwrap();
        assert_eq!(bytes, [2; 512]);
        log.change(&log.entries[1], 512, &mut bytes).unwrap();
        assert_eq!(bytes, [0; 512]);
        // Superblock; entry and data; discard; flush.
        let ends = [512, 1536, 2048, 2560].map(|length| log.entries_within(length));
        assert_eq!(ends, [0, 1, 2, 3]);
    }

    #[test]
    fn what_is_no_log_is_refused() {
        let dir = scratch("no-log");
        let path = dir.join("writes");
        let error = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            format!("{:#}", Log::read(&path, None).err().unwrap()).split_once("writes: ").unwrap().1.to_owned()
        };
        assert_eq!(error(&[0; 512]), "it is no log of writes: no flush was recorded, or it is another file");
        let mut good = entry(MAGIC, VERSION, 0);
        assert_eq!(error(&good), "its sectors have 0 bytes instead of 512");
        good[24..28].copy_from_slice(&512u32.to_le_bytes());
        assert_eq!(error(&[good.clone(), entry(0, 1, 0)].concat()), "entry 0 is cut off");
        assert_eq!(error(&[good.clone(), entry(0, 0, 16)].concat()), "entry 0 has the flags 0x10 and 0 sectors");
        assert_eq!(error(&[good.clone(), entry(0, 0, MARK)].concat()), "entry 0 is a mark, which nobody has made");
        good[16] = 2;
        assert_eq!(error(&good), "it has 0 entries instead of 2");
        good[8] = 3;
        assert_eq!(error(&good), "its version is 3 instead of 1");
    }
}
