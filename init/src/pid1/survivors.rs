//! Ends what helpers left behind: it could write on, and keeps file systems busy. The ssh server is none of it, nor is who logged in:
//! after a failure that is how a person who is not at the machine gets to read it. Nor are DHCP clients, which keep the address.
//!
//! Before the disk is read back nobody may write any more. Then only those live on who look on: their server's process and the program
//! that shows them the console, neither of which takes commands. They see what comes of it, a failure included. Who may log in is root
//! and could defeat all of this, as at the machine.

use std::fs::{read, read_dir, read_to_string};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

use super::{console, viewers};
use crate::sys::process::kill_everybody_else;

/// How long killed processes may take to end; one that waits for a broken disk cannot.
const REAPING: Duration = Duration::from_secs(5);
/// Between two looks.
const TICK: Duration = Duration::from_millis(50);
/// The kernel's own processes are below this one.
const KTHREADD: i32 = 2;
/// How `/proc` shows the beginning of a DHCP client's words.
pub const CLIENT: &[u8] = b"/bin/busybox\0udhcpc\0";

/// The ssh server that runs.
static SERVER: AtomicI32 = AtomicI32::new(0);

/// From now on the ssh server and who logs in are no survivors.
pub fn spare(server: Pid) {
    SERVER.store(server.as_raw_nonzero().get(), Ordering::Relaxed);
}

/// Ends what helpers left behind, and reaps it.
pub fn end() {
    let now = processes();
    let mut spared = no_survivors(&now, server(), &console::viewers());
    clients(&now).iter().for_each(|client| spared.append(&mut below(&now, *client)));
    end_but(&spared);
}

/// The DHCP clients, by the words they were started with.
fn clients(now: &[Process]) -> Vec<i32> {
    let is = |id: i32| read(format!("/proc/{id}/cmdline")).is_ok_and(|words| words.starts_with(CLIENT));
    now.iter().map(|process| process.id).filter(|id| is(*id)).collect()
}

/// Ends everybody who could write: all but those who look on. Nobody can log in any more.
pub fn end_writers() {
    end_but(&lookers(&processes(), server(), &console::viewers()));
    SERVER.store(0, Ordering::Relaxed);
    viewers::withdraw();
}

/// Ends everybody else: the ssh server with all who are logged in, and the DHCP clients, too.
pub fn end_all() {
    end_but(&[]);
    SERVER.store(0, Ordering::Relaxed);
    viewers::withdraw();
}

/// Whether somebody is logged in who does more than look on, such as copy a file.
pub fn are_others() -> bool {
    are_others_in(&processes(), server(), &console::viewers())
}

/// The server itself is no such process, nor the part of it that asks a stranger for a key.
fn are_others_in(now: &[Process], server: i32, viewers: &[Pid]) -> bool {
    let (family, lookers) = (below(now, server), lookers(now, server, viewers));
    now.iter().any(|process| family.contains(&process.id) && !process.server && !lookers.contains(&process.id))
}

/// The server with all who are logged in; without one, those who looked on when it was ended.
fn no_survivors(now: &[Process], server: i32, viewers: &[Pid]) -> Vec<i32> {
    let family = below(now, server);
    if family.is_empty() { lookers(now, 1, viewers) } else { family }
}

/// Who looks on, with the processes of their sessions up to `top`.
fn lookers(now: &[Process], top: i32, viewers: &[Pid]) -> Vec<i32> {
    viewers.iter().flat_map(|viewer| above(now, viewer.as_raw_nonzero().get(), top)).collect()
}

/// Its number, 0 without one.
fn server() -> i32 {
    SERVER.load(Ordering::Relaxed)
}

fn end_but(spared: &[i32]) {
    if std::process::id() != 1 {
        return;
    }
    let started = Instant::now();
    if spared.is_empty() {
        kill_everybody_else();
        while started.elapsed() < REAPING && wait(WaitOptions::NOHANG).is_ok() {
            std::thread::sleep(TICK);
        }
        return;
    }
    while started.elapsed() < REAPING {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        let now = processes();
        let rest: Vec<Pid> = now.iter().filter(|process| !spared.contains(&process.id)).filter_map(Process::unended).collect();
        if rest.is_empty() {
            return;
        }
        // It may have ended by itself.
        rest.iter().for_each(|process| kill_process(*process, Signal::KILL).unwrap_or_default());
        std::thread::sleep(TICK);
    }
}

/// A row of the process table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    id: i32,
    parent: i32,
    /// It has ended with all of its threads, and its parent does not know yet.
    dead: bool,
    /// It is the ssh server, or its part in a session.
    server: bool,
}

impl Process {
    /// proc_pid_stat(5): `ID (NAME) STATE PARENT …`, where the name may hold anything, and the number of threads is the 20th field.
    fn parse(stat: &str) -> Option<Process> {
        let (id, rest) = stat.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let ended = matches!(fields.next()?, "Z" | "X");
        let parent = fields.next()?.parse().ok()?;
        // Of a process that is killed the first thread may be dead while another still writes to a slow disk.
        let threads = fields.nth(15).and_then(|threads| threads.parse().ok()).unwrap_or(1);
        Some(Process { id: id.parse().ok()?, parent, dead: ended && threads <= 1, server: name.starts_with("sshd") })
    }

    /// Its number, unless it is the kernel's, PID 1, or dead and somebody else's to know.
    fn unended(&self) -> Option<Pid> {
        let left = self.id == 1 || self.id == KTHREADD || self.parent == KTHREADD || (self.dead && self.parent != 1);
        if left { None } else { Pid::from_raw(self.id) }
    }
}

fn processes() -> Vec<Process> {
    let mut found = Vec::new();
    let Ok(entries) = read_dir("/proc") else { return found };
    for entry in entries {
        let Ok(entry) = entry else { continue };
        // Of what is no process there is no such file.
        let stat = read_to_string(entry.path().join("stat")).unwrap_or_default();
        found.extend(Process::parse(&stat));
    }
    found
}

/// This process and all that descend from it, if PID 1 has started it.
fn below(processes: &[Process], top: i32) -> Vec<i32> {
    let mut family = Vec::new();
    let mut known = None;
    while known != Some(family.len()) {
        known = Some(family.len());
        for Process { id, parent, .. } in processes {
            let belongs = if *id == top { *parent == 1 } else { family.contains(parent) };
            if belongs && !family.contains(id) {
                family.push(*id);
            }
        }
    }
    family
}

/// This process and those that it descends from, up to `top`, which is not among them; nobody if it does not descend from that.
fn above(processes: &[Process], bottom: i32, top: i32) -> Vec<i32> {
    let (mut line, mut at) = (Vec::new(), bottom);
    while at != top {
        let Some(process) = processes.iter().find(|process| process.id == at && at != 1 && !line.contains(&at)) else {
            return Vec::new();
        };
        line.push(at);
        at = process.parent;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PID 1, two kernel threads, the server with two sessions, of which one shows the console, and a helper with its child.
    const TABLE: &str = "1 (init) S 0\n2 (kthreadd) S 0\n3 (kworker/0:0) I 2\n50 (sshd) S 1\n60 (sshd-session) S 50\n61 (autoinstaller) S 60\n\
                         70 (sshd-session) S 50\n71 (a) b) (c) R 70\n80 (nix) S 1\n81 (cp) Z 80\n";

    /// Of a copier with two threads that was killed, and of one that is dead.
    const LATE: [&str; 2] = [
        "82 (tar) Z 1 1 1 0 -1 4228100 1 0 0 0 0 0 0 0 20 0 2 0 100 0 0",
        "83 (tar) Z 1 1 1 0 -1 4228100 1 0 0 0 0 0 0 0 20 0 1 0 100 0 0",
    ];

    fn table() -> Vec<Process> {
        TABLE.lines().map(|line| Process::parse(line).unwrap()).collect()
    }

    #[test]
    fn rows_are_read_whatever_a_process_calls_itself() {
        assert_eq!(table()[7], Process { id: 71, parent: 70, dead: false, server: false });
        assert_eq!(LATE.map(|stat| Process::parse(stat).unwrap().dead), [false, true]);
        for broken in ["", "1", "x (a) S 1", "1 (a", "1 (a) S", "1 (a) S x"] {
            assert_eq!(Process::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn neither_the_kernel_nor_pid_1_is_ended_and_the_dead_only_when_they_are_ours_to_reap() {
        let late = LATE.iter().filter_map(|stat| Process::parse(stat));
        let ended: Vec<i32> =
            table().into_iter().chain(late).filter_map(|process| process.unended()).map(|id| id.as_raw_nonzero().get()).collect();
        assert_eq!(ended, [50, 60, 61, 70, 71, 80, 82, 83]);
    }

    #[test]
    fn the_family_of_the_server() {
        assert_eq!(below(&table(), 50), [50, 60, 61, 70, 71]);
        // However the rows are sorted.
        let mut backwards = table();
        backwards.reverse();
        assert_eq!(below(&backwards, 50).len(), 5);
        // Its number may be another process' by now.
        assert!(below(&table(), 71).is_empty() && below(&table(), 0).is_empty());
    }

    #[test]
    fn who_looks_on_without_the_server_itself() {
        assert_eq!(above(&table(), 61, 50), [61, 60]);
        for stranger in [80, 81, 1, 99] {
            assert!(above(&table(), stranger, 50).is_empty(), "{stranger}");
        }
    }

    #[test]
    fn who_looks_on_lives_on_when_the_server_was_ended() {
        let viewer = [Pid::from_raw(61).unwrap()];
        assert_eq!(no_survivors(&table(), 50, &viewer), [50, 60, 61, 70, 71]);
        // What the end of the others leaves.
        let left = |process: &Process| Process { parent: if process.parent == 50 { 1 } else { process.parent }, ..*process };
        let left: Vec<Process> = table().iter().filter(|process| ![50, 70, 71].contains(&process.id)).map(left).collect();
        assert_eq!(no_survivors(&left, 0, &viewer), [61, 60]);
        assert!(no_survivors(&left, 0, &[]).is_empty());
    }

    #[test]
    fn a_stranger_is_not_logged_in() {
        let viewer = [Pid::from_raw(61).unwrap()];
        assert!(are_others_in(&table(), 50, &viewer));
        let asked = |process: &Process| Process { server: process.server || process.id == 71, ..*process };
        let asked: Vec<Process> = table().iter().map(asked).collect();
        assert!(!are_others_in(&asked, 50, &viewer) && are_others_in(&asked, 50, &[]));
    }

    #[test]
    fn this_process_is_in_the_table() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(processes().iter().any(|process| process.id == me && !process.dead));
        end();
        end_writers();
        assert!(!are_others());
    }
}
