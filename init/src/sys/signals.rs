//! Signals to this process, sigwaitinfo(2).

/// Takes back the handlers of Rust's own start-up for `SIGSEGV` and `SIGBUS`, which tell an overflown stack from another fault. The kernel
/// keeps a signal that somebody sends from PID 1 only where there is no handler; a fault of its own ends it with or without one.
pub fn default_faults() {
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: no handler is given, and no memory is involved.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Keeps `SIGINT` from interrupting this thread and every thread that it starts: it waits until somebody asks for it. Programs that are
/// started do not inherit that.
pub fn block_interrupt() {
    let set = interrupt();
    // SAFETY: the set is a valid one on the stack, and the old one is not wanted.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) };
}

/// Waits for one that the kernel sends, as for Ctrl-Alt-Del: any root process may send others, which mean nothing. Returns at once, with
/// `false`, if that is not possible.
pub fn wait_for_interrupt() -> bool {
    let set = interrupt();
    loop {
        // SAFETY: all-zero is valid for what is known of a signal, and both pointers lead to initialised values on the stack.
        let (signal, sender) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            (libc::sigwaitinfo(&set, &mut info), info.si_code)
        };
        match signal {
            libc::SIGINT if sender == libc::SI_KERNEL => return true,
            -1 if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted => return false,
            _ => {}
        }
    }
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
