//! The medium we booted from: recognised by the unique id of its image, verified by digests, read through loop devices.
//!
//! It is never the target. Only its kit partition is ever written to: the log after a failure, the note of a consent in advance, and at
//! the end zeros over private keys.

mod contents;
mod find;
mod kit;
mod loops;
mod manifest;
mod verify;

pub use contents::{Content, Kit, SETTINGS};
pub use find::Medium;
pub use kit::{read as read_kit, save_log, write as write_kit};
pub use loops::Loop;
pub use manifest::{Closure, Image, Manifest};
pub use verify::{Verification, Verified};

/// Lets go of the medium, whoever uses it: for a program that starts over.
pub fn leave_all() {
    kit::leave();
    loops::detach_all();
}
