//! What stands between a session and its answers: a number that the session shows, and that whoever answers there types first. What was
//! typed before it was shown cannot have it, wherever it was held up: a second `yes` to the ssh client's own question, what a program
//! sends, an answer to a plan that is no longer the one on the screen. Pure.

use super::hidden::Hidden;

/// Four digits, and none twice among so many.
const NUMBERS: usize = 9000;
const LOWEST: usize = 1000;

/// A number that has not been typed yet.
pub struct Lock {
    number: String,
    line: Hidden,
}

impl Lock {
    /// The next in a row of locks: each has another number.
    pub fn new(place: usize) -> Lock {
        Lock { number: (LOWEST + place % NUMBERS).to_string(), line: Hidden::default() }
    }

    /// What is shown below the question.
    pub fn prompt(&self) -> String {
        // Hidden, since it may be a passphrase that is typed too early.
        ["\nautoinstaller: type ", &self.number, " to answer from here (input is hidden): "].concat()
    }

    /// Takes one byte; at the end of a line says whether it was the number.
    pub fn feed(&mut self, byte: u8) -> Option<bool> {
        let line = self.line.feed(byte)?;
        Some(line.is_ok_and(|line| line.bytes() == self.number.as_bytes()))
    }

    /// Throws away what was typed so far.
    pub fn forget_typed(&mut self) {
        self.line = Hidden::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(lock: &mut Lock, text: &str) -> Vec<bool> {
        text.bytes().filter_map(|byte| lock.feed(byte)).collect()
    }

    #[test]
    fn nothing_but_its_number_opens_it() {
        let mut lock = Lock::new(234);
        assert_eq!(lock.prompt(), "\nautoinstaller: type 1234 to answer from here (input is hidden): ");
        assert_eq!(typed(&mut lock, "yes\ryes\r\r12345\r 1234\r\x1b1234\r"), [false; 6]);
        assert_eq!(typed(&mut lock, "1235\x7f4\r"), [true]);
        typed(&mut lock, "12");
        lock.forget_typed();
        assert_eq!(typed(&mut lock, "34\r1234\r"), [false, true]);
    }

    #[test]
    fn the_number_of_another_lock_does_not_open_it() {
        assert_ne!(Lock::new(7).number, Lock::new(8).number);
        assert_eq!((Lock::new(NUMBERS - 1).number.as_str(), Lock::new(NUMBERS).number.as_str()), ("9999", "1000"));
    }
}
