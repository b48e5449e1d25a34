//! Signals to this process, sigaction(2).

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicU32, Ordering};

/// How often Ctrl-Alt-Del was pressed.
static PRESSED: AtomicU32 = AtomicU32::new(0);

/// Takes back the handlers of Rust's own start-up for `SIGSEGV` and `SIGBUS`, which tell an overflown stack from another fault. The kernel
/// keeps a signal that somebody sends from PID 1 only where there is no handler; a fault of its own ends it with or without one.
pub fn default_faults() {
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: no handler is given, and no memory is involved.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Counts the `SIGINT`s that the kernel sends, as for Ctrl-Alt-Del: any root process may send others, which mean nothing. It is handled and not
/// blocked, since programs that are started inherit what is blocked, and Ctrl-C would do nothing to them.
pub fn count_interrupts() {
    // SAFETY: all-zero is a valid action with an empty mask; the handler touches nothing but an atomic number.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = pressed as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigaction(libc::SIGINT, &action, std::ptr::null_mut());
    }
}

/// How many there were.
pub fn interrupts() -> u32 {
    PRESSED.load(Ordering::Relaxed)
}

extern "C" fn pressed(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: with SA_SIGINFO the kernel hands over a valid pointer.
    if unsafe { (*info).si_code } == libc::SI_KERNEL {
        PRESSED.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program that is started now would block and ignore.
    fn masks() -> String {
        let output = std::process::Command::new("grep").args(["-E", "^Sig(Blk|Ign)", "/proc/self/status"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn what_is_not_the_kernel_s_does_not_count_and_programs_that_are_started_know_nothing_of_it() {
        let before = masks();
        count_interrupts();
        // SAFETY: no memory is involved.
        unsafe { libc::raise(libc::SIGINT) };
        assert_eq!((interrupts(), masks()), (0, before));
    }
}
