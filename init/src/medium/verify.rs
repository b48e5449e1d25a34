//! Compares the images on the medium with their digests, while the person reads the plan. No disk is written before it has finished.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::find::Medium;
use super::manifest::Image;
use crate::error::{Doing, Error, Kind, Result};

/// Reads as large as a stick likes them.
const CHUNK: usize = 1 << 20;

/// A verification under way.
pub struct Verification {
    stage2: Arc<OnceLock<Result<()>>>,
    outcome: Arc<OnceLock<Result<()>>>,
}

/// What only a finished verification yields: the right to rely on the medium.
#[derive(Debug)]
pub struct Verified(());

impl Verification {
    /// Starts reading.
    pub fn start(medium: &Medium) -> Verification {
        let (medium, stage2, outcome) = (medium.clone(), Arc::new(OnceLock::new()), Arc::new(OnceLock::new()));
        let verification = Verification { stage2: stage2.clone(), outcome: outcome.clone() };
        // Nobody waits for this thread to end: what it found is what counts, and without that nothing is written.
        std::thread::spawn(move || {
            // For this thread alone: where there is one processor, the question is what a person waits for.
            rustix::process::nice(19).unwrap_or_default();
            let first = stage2.get_or_init(|| image_is_whole(&medium, &medium.manifest.stage2)).clone();
            let closure = medium.manifest.closure.as_ref();
            let rest = || closure.map_or(Ok(()), |closure| image_is_whole(&medium, &closure.image));
            outcome.get_or_init(|| first.and_then(|()| rest())).is_ok()
        });
        verification
    }

    /// Waits until stage-2 has been read, which is the first.
    ///
    /// # Errors
    /// It cannot be read, or is not what was built.
    pub fn stage2(&self) -> Result<()> {
        self.stage2.wait().clone()
    }

    /// Whether it has finished.
    pub fn finished(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// Whether the medium is already known to be damaged.
    pub fn failed(&self) -> bool {
        self.outcome.get().is_some_and(Result::is_err)
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// The medium cannot be read, or an image on it is not what was built.
    pub fn result(&self) -> Result<Verified> {
        self.outcome.wait().clone().map(Verified)
    }
}

fn image_is_whole(medium: &Medium, image: &Image) -> Result<()> {
    let (start, bytes) = medium.partition(image.partition)?;
    let doing = || format!("verifying {} on {}", image.partition, medium.node);
    if image.bytes > bytes {
        return Err(Error::new(Kind::Medium, doing(), format!("the partition has {bytes} bytes, the image {}", image.bytes)));
    }
    let mut device = File::open(&medium.node).doing(Kind::Medium, doing)?;
    device.seek(SeekFrom::Start(start)).doing(Kind::Medium, doing)?;
    if digest(device.take(image.bytes)).doing(Kind::Medium, doing)? != image.sha256 {
        return Err(Error::new(Kind::Medium, doing(), "it is damaged: its SHA-256 is not that of the image that was built"));
    }
    Ok(())
}

fn digest(mut input: impl Read) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn sha256_of_what_is_read() {
        // FIPS 180-2, appendix B.1
        let abc = digest(&b"abc"[..]).unwrap();
        assert_eq!(abc[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
