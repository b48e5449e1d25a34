//! A passphrase in memory: in one place, never shown, and overwritten when it is no longer needed.

use std::fmt;
use std::fs::File;
use std::hint::black_box;
use std::io::Write;

use rustix::pipe::{PipeFlags, pipe_with};

use crate::error::{Doing, Kind, Result};

/// The longest passphrase in bytes, which is cryptsetup's own limit for one that is typed.
pub const LONGEST: usize = 512;

/// Up to [`LONGEST`] bytes. Moving it moves a pointer, so that no copies stay behind.
pub struct Secret {
    bytes: Box<[u8; LONGEST]>,
    length: usize,
}

impl Default for Secret {
    fn default() -> Secret {
        Secret { bytes: Box::new([0; LONGEST]), length: 0 }
    }
}

impl Secret {
    /// Adds a byte; says whether there was room.
    pub fn push(&mut self, byte: u8) -> bool {
        let Some(place) = self.bytes.get_mut(self.length) else { return false };
        *place = byte;
        self.length += 1;
        true
    }

    /// Takes the last byte away.
    pub fn pop(&mut self) -> Option<u8> {
        self.length = self.length.checked_sub(1)?;
        self.bytes.get_mut(self.length).map(std::mem::take)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// A pipe from which it can be read once. A secret is far smaller than a pipe holds, so nobody has to write while another reads.
    ///
    /// # Errors
    /// The kernel has no pipe left.
    pub fn pipe(&self, flags: PipeFlags) -> Result<File> {
        let doing = || "handing over a passphrase".to_string();
        let (reader, writer) = pipe_with(flags).doing(Kind::System, doing)?;
        File::from(writer).write_all(self.bytes()).doing(Kind::System, doing)?;
        Ok(File::from(reader))
    }
}

/// Overwrites bytes, also where the compiler sees that nobody reads them again.
pub fn overwrite<T: Clone + Default>(values: &mut [T]) {
    values.fill(T::default());
    black_box(values);
}

impl Drop for Secret {
    fn drop(&mut self) {
        overwrite(self.bytes.as_mut_slice());
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_goes_in_comes_out_of_the_pipe_and_nowhere_else() {
        let mut secret = Secret::default();
        assert!("pässwört \n".bytes().all(|byte| secret.push(byte)));
        let mut read = String::new();
        secret.pipe(PipeFlags::CLOEXEC).unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read, "pässwört \n");
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn it_has_an_end() {
        let mut secret = Secret::default();
        assert!((0..LONGEST).all(|_| secret.push(b'x')));
        assert!(!secret.push(b'x'));
        assert_eq!((secret.bytes().len(), secret.pop()), (LONGEST, Some(b'x')));
    }

    #[test]
    fn what_was_taken_away_is_overwritten() {
        let mut secret = Secret::default();
        secret.push(b'x');
        secret.pop();
        assert_eq!((secret.bytes().len(), secret.bytes[0]), (0, 0));
        assert_eq!(secret.pop(), None);
    }
}
