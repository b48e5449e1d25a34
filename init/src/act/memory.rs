//! Memory that runs out: the kernel ends the largest program then, or a program gives up by itself. Whoever started it says only that
//! it ended, so that the cause is found here, and named.
//!
//! Who goes first is said in [`crate::pid1::memory`].

use std::fs::read_to_string;

use crate::error::Error;

/// What programs say that were refused memory: Nix, its garbage collector, git, and the C library.
const REFUSED: &[&str] = &["out of memory", "Out of memory", "Out of Memory", "Cannot allocate memory", "std::bad_alloc"];

/// How many programs the kernel had ended for want of memory when something was started.
pub struct Memory(u64);

impl Memory {
    /// Before something is started that may need much.
    pub fn now() -> Memory {
        Memory(killed(&read_to_string("/proc/vmstat").unwrap_or_default()))
    }

    /// What its failure means; `said` are its last words.
    pub fn judge(&self, error: Error, said: &[String]) -> Error {
        let gone = Memory::now().0 > self.0 || said.iter().any(|line| REFUSED.iter().any(|words| line.contains(words)));
        if gone { ran_out(&error) } else { error }
    }
}

fn ran_out(error: &Error) -> Error {
    // How it ended, without what its shell says about that.
    let ended = error.cause.split(": ").next().unwrap_or_default();
    let cause = format!("the machine ran out of memory ({ended}): give it more, or the host more swap (swap.size)");
    // What it said stays: some other program may have been the one that was ended.
    Error::new(error.kind, error.doing.clone(), cause).with_details(vec![error.cause.clone()])
}

/// Programs that the kernel has ended for want of memory (proc_vmstat(5)).
fn killed(counters: &str) -> u64 {
    counters.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn memory_that_ran_out_is_named_with_what_helps() {
        let error = || Error::new(Kind::Install, "running nixos-install", "nixos-install exited with 137: line 9: 450 Killed nix build");
        assert_eq!(ran_out(&error()).details, [error().cause.as_str()]);
        assert_eq!(
            ran_out(&error()).to_string(),
            "running nixos-install: the machine ran out of memory (nixos-install exited with 137): give it more, or the host more swap (swap.size)"
        );
        let memory = Memory(u64::MAX);
        assert_eq!(memory.judge(error(), &["error: builder failed".into()]), error());
        assert_eq!(memory.judge(error(), &["error: std::bad_alloc".into()]), ran_out(&error()));
        assert_eq!(killed("pgfault 7\noom_kill 3\n"), 3);
        assert_eq!(killed(""), 0);
    }
}
