//! Ends what helpers left behind: it could write on, and keeps file systems busy. The ssh server is none of it, nor is who logged in:
//! after a failure that is how a person who is not at the machine gets to read it. Nor are DHCP clients, which keep the address.
//!
//! Before the disk is read back nobody may write any more. Then only those live on who look on: their server's process and the program
//! that shows them the console, neither of which takes commands. Who may log in is root and could defeat all of this, as at the machine.

use std::fs::{read, read_dir, read_to_string};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

use super::console;
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
    let (now, server) = (processes(), server());
    let mut spared = below(&now, server);
    clients(&now).iter().for_each(|client| spared.append(&mut below(&now, *client)));
    end_but(server, &spared);
}

/// The DHCP clients, by the words they were started with.
fn clients(now: &[Process]) -> Vec<i32> {
    let is = |id: i32| read(format!("/proc/{id}/cmdline")).is_ok_and(|words| words.starts_with(CLIENT));
    now.iter().map(|process| process.id).filter(|id| is(*id)).collect()
}

/// Ends everybody who could write: all but those who look on.
pub fn end_writers() {
    let server = server();
    end_but(server, &viewers(&processes(), server));
}

/// Whether somebody is logged in who does more than look on, such as copy a file.
pub fn are_others() -> bool {
    let (now, server) = (processes(), server());
    let viewers = viewers(&now, server);
    below(&now, server).iter().any(|id| *id != server && !viewers.contains(id))
}

/// Who looks on, with the processes of their sessions.
fn viewers(now: &[Process], server: i32) -> Vec<i32> {
    let mut all = Vec::new();
    for viewer in console::viewers() {
        all.append(&mut above(now, viewer.as_raw_nonzero().get(), server));
    }
    all
}

/// Its number, 0 without one.
fn server() -> i32 {
    SERVER.load(Ordering::Relaxed)
}

fn end_but(server: i32, spared: &[i32]) {
    if std::process::id() != 1 {
        return;
    }
    let started = Instant::now();
    if server == 0 && spared.is_empty() {
        kill_everybody_else();
        while started.elapsed() < REAPING && wait(WaitOptions::NOHANG).is_ok() {
            std::thread::sleep(TICK);
        }
        return;
    }
    while started.elapsed() < REAPING {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        let mut ended = true;
        for process in processes().iter().filter(|process| !spared.contains(&process.id)).filter_map(Process::killable) {
            ended = false;
            // It may have ended by itself.
            kill_process(process, Signal::KILL).unwrap_or_default();
        }
        if ended {
            return;
        }
        std::thread::sleep(TICK);
    }
}

/// A row of the process table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    id: i32,
    parent: i32,
    /// It has ended, and its parent does not know yet.
    dead: bool,
}

impl Process {
    /// proc_pid_stat(5): `ID (NAME) STATE PARENT …`, where the name may hold anything.
    fn parse(stat: &str) -> Option<Process> {
        let (id, rest) = stat.split_once(" (")?;
        let mut fields = rest.rsplit_once(')')?.1.split_ascii_whitespace();
        let dead = matches!(fields.next()?, "Z" | "X");
        Some(Process { id: id.parse().ok()?, parent: fields.next()?.parse().ok()?, dead })
    }

    fn killable(&self) -> Option<Pid> {
        let ours = self.id == 1 || self.id == KTHREADD || self.parent == KTHREADD || self.dead;
        if ours { None } else { Pid::from_raw(self.id) }
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

    fn table() -> Vec<Process> {
        TABLE.lines().map(|line| Process::parse(line).unwrap()).collect()
    }

    #[test]
    fn rows_are_read_whatever_a_process_calls_itself() {
        assert_eq!(table()[7], Process { id: 71, parent: 70, dead: false });
        for broken in ["", "1", "x (a) S 1", "1 (a", "1 (a) S", "1 (a) S x"] {
            assert_eq!(Process::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn neither_the_kernel_nor_pid_1_nor_the_dead_are_ended() {
        let ended: Vec<i32> = table().iter().filter_map(Process::killable).map(|id| id.as_raw_nonzero().get()).collect();
        assert_eq!(ended, [50, 60, 61, 70, 71, 80]);
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
    fn this_process_is_in_the_table() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(processes().iter().any(|process| process.id == me && !process.dead));
        end();
        end_writers();
        assert!(!are_others());
    }
}
