//! The one binary has several roles: PID 1, the kernel's modprobe, the way into stage-2 for a step and for a person in a shell, who writes down what a DHCP server gave, and what
//! somebody who logs in gets to see.

use crate::{act, drivers, online, pid1};

/// Returns for PID 1. In any other role this process does that job and ends.
pub fn other_than_pid1() {
    // The kernel hands over what it does not know of its command line.
    if std::process::id() == 1 {
        return;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        // kernel/module/kmod.c: modprobe_path -q -- NAME
        ["-q", "--", module] => std::process::exit(if drivers::answer(module) { 0 } else { 1 }),
        [event] if online::is_event(event) => std::process::exit(if online::note(event) { 0 } else { 1 }),
        [pid1::viewers::ROLE] => std::process::exit(match pid1::viewers::serve() {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("autoinstaller: {error}");
                1
            }
        }),
        [role @ (act::ROLE | act::WITHOUT_FIRMWARE), ..] => {
            eprintln!("{}", act::enter(role, arguments.get(1..).unwrap_or_default()));
            std::process::exit(1)
        }
        [act::GUEST, ..] => {
            eprintln!("{}", act::enter_as_guest(arguments.get(1..).unwrap_or_default()));
            std::process::exit(1)
        }
        _ => {
            eprintln!("autoinstaller: this is PID 1 of the installer medium and does nothing on a running system");
            std::process::exit(2)
        }
    }
}
