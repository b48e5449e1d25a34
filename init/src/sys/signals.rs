//! Signals to this process, sigwait(3).

/// Keeps `SIGINT` from interrupting this thread and every thread that it starts: it waits until somebody asks for it. Programs that are
/// started do not inherit that.
pub fn block_interrupt() {
    let set = interrupt();
    // SAFETY: the set is a valid one on the stack, and the old one is not wanted.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) };
}

/// Waits for one that is blocked. Returns at once, with `false`, if that is not possible.
pub fn wait_for_interrupt() -> bool {
    let (set, mut signal) = (interrupt(), 0);
    // SAFETY: both pointers lead to initialised values on the stack.
    unsafe { libc::sigwait(&set, &mut signal) == 0 }
}

/// Takes one that waits already; says whether there was one.
pub fn take_interrupt() -> bool {
    let (set, now) = (interrupt(), libc::timespec { tv_sec: 0, tv_nsec: 0 });
    // SAFETY: set and time are initialised values on the stack, and what else is known of the signal is not wanted.
    unsafe { libc::sigtimedwait(&set, std::ptr::null_mut(), &now) == libc::SIGINT }
}

fn interrupt() -> libc::sigset_t {
    // SAFETY: all-zero is a valid set, which the next call makes the empty one; the pointers lead to the stack.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGINT);
        set
    }
}
