//! A second key for the day the passphrase is forgotten: made by us, shown once on one console, and kept by the person alone.

use rustix::rand::{GetRandomFlags, getrandom};

use crate::error::{Doing, Error, Kind, Result};
use crate::pid1::console;
use crate::pid1::hidden::Refused;
use crate::pid1::secret::{Secret, overwrite};

/// Bytes of randomness: 128 bits cannot be guessed, and so need no costly derivation either.
const BYTES: usize = 16;
/// The modified hexadecimal digits of one-time password tokens: their keys are in the same places on most keyboard layouts.
const DIGITS: &[u8; 16] = b"cbdefghijklnrtuv";
/// Digits that are shown together.
const GROUP: usize = 4;

/// A new key.
///
/// # Errors
/// The kernel has no randomness.
pub fn make() -> Result<Secret> {
    let doing = || "making a recovery key".to_string();
    let mut random = [0; BYTES];
    // Waits until there is enough randomness, and so many bytes come at once or not at all (getrandom(2)).
    let count = getrandom(&mut random, GetRandomFlags::empty()).doing(Kind::System, doing)?;
    let key = spell(&random);
    overwrite(&mut random);
    if count == BYTES { Ok(key) } else { Err(Error::new(Kind::System, doing(), "the kernel gave too little randomness")) }
}

fn spell(random: &[u8; BYTES]) -> Secret {
    let mut key = Secret::default();
    for nibble in random.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        if let Some(digit) = DIGITS.get(usize::from(nibble)) {
            key.push(*digit);
        }
    }
    key
}

/// Shows the key where the passphrase was typed, and gives it back when the person has written it down.
///
/// # Errors
/// The console is gone.
pub fn show(key: Secret, on: &str) -> std::result::Result<Secret, Refused> {
    let _quiet = console::QuietKernel::hold();
    log::info!("the recovery key is shown on {on} once; the spaces are not part of it");
    // Neither this line nor the question reaches the edge of a screen with 80 columns: both can be taken away again.
    console::print_on(on, b"autoinstaller: recovery key:");
    for group in key.bytes().chunks(GROUP) {
        console::print_on(on, b" ");
        console::print_on(on, group);
    }
    console::print_on(on, b"\n");
    let question = format!("autoinstaller: type written on {on} when the recovery key is written down: ");
    let mut lines = 1;
    let written_down = loop {
        lines += 1;
        match console::ask_hidden(&question, Some(on)).0 {
            Ok(word) if word.bytes() == b"written" => break Ok(key),
            Ok(_) => {}
            Err(Refused::Gone) => break Err(Refused::Gone),
            Err(_) => {}
        }
    };
    // Up to the line with the key, and away with everything from there on (ECMA-48: CUU, ED).
    console::print_on(on, format!("\x1b[{lines}A\x1b[J").as_bytes());
    written_down
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_is_in_the_key() {
        let mut random = [0; BYTES];
        random[0] = 0x01;
        random[15] = 0xef;
        assert_eq!(spell(&random).bytes(), b"cbccccccccccccccccccccccccccccuv");
        assert_eq!(make().unwrap().bytes().len(), 2 * BYTES);
        assert_ne!(make().unwrap().bytes(), make().unwrap().bytes());
    }
}
