//! The kernel's own requests: `/proc/sys/kernel/modprobe` names this binary, and the kernel runs it with `-q -- NAME`.
//!
//! File systems, device mapper targets, character sets and ciphers come this way: no device announces them.

use super::load::Loader;

/// Loads what the kernel asks for. The answer to the kernel is whether it is there afterwards, so there is nothing to say.
pub fn answer(name: &str) -> bool {
    match Loader::new() {
        Ok(mut loader) => loader.load_for(name),
        Err(_) => false,
    }
}
