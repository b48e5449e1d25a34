//! Who goes when the kernel runs out of memory, and when: what was started for a step, and never this program, whose end would be the
//! machine's.

use std::fs::write;

/// Nobody may end it (proc_pid_oom_score_adj(5)).
const SPARED: &str = "-1000";
/// It goes before this program does.
const HELPER: &str = "300";

/// What was used within so many milliseconds stays in memory, or a program is ended (multigen_lru.rst, "Thrashing prevention"). Without
/// swap the kernel otherwise reads the programs themselves from the stick again and again, for as long as anybody cares to wait.
const IN_USE: (&str, &str) = ("/sys/kernel/mm/lru_gen/min_ttl_ms", "200");

/// Lets the kernel end a program rather than come to a standstill.
pub fn end_rather_than_crawl() {
    let (path, milliseconds) = IN_USE;
    // A kernel without it crawls.
    write(path, milliseconds).unwrap_or_else(|error| log::debug!("{path}: {error}"));
}

/// PID 1 is spared.
pub fn spare_this_program() {
    if std::process::id() == 1 {
        set("self", SPARED);
    }
}

/// A program that was just started and is not: it has inherited what its parent is.
pub fn offer(id: u32) {
    set(&id.to_string(), HELPER);
}

fn set(process: &str, score: &str) {
    // It may have ended.
    write(format!("/proc/{process}/oom_score_adj"), score).unwrap_or_else(|error| log::debug!("memory of process {process}: {error}"));
}

#[cfg(test)]
mod tests {
    use std::fs::read_to_string;
    use std::process::Command;

    #[test]
    fn a_helper_goes_first() {
        let mut child = Command::new("sleep").arg("5").spawn().unwrap();
        super::offer(child.id());
        let score = read_to_string(format!("/proc/{}/oom_score_adj", child.id())).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(score, "300\n");
    }
}
