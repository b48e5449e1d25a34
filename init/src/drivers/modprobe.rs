//! The kernel's own requests: `/proc/sys/kernel/modprobe` names this binary, and the kernel runs it with `-q -- NAME`.
//!
//! File systems, device mapper targets, character sets and ciphers come this way: no device announces them.

use super::load::Loader;
use crate::pid1::journal;

/// Loads what the kernel asks for; says whether it is there afterwards. What goes wrong is told to the kernel's log: this process has no other.
pub fn answer(name: &str) -> bool {
    journal::start_in_kernel_log();
    provide(name)
}

/// Loads now what the kernel would ask for by this name later; says whether it is there.
pub fn provide(name: &str) -> bool {
    match Loader::new() {
        Ok(mut loader) => loader.load_for(name).is_there,
        Err(error) => {
            log::debug!("{error}");
            false
        }
    }
}
