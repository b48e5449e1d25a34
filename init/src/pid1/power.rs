//! The end of the machine's day. None of these returns.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

use rustix::system::{RebootCommand, reboot as request};

use super::console;

/// How long the disks may take to write what is left: by then it is nothing of an installation that has succeeded.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest silence.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Switches the machine off.
pub fn off() -> ! {
    log::info!("powering off");
    end(RebootCommand::PowerOff)
}

/// Starts the machine again.
pub fn reboot() -> ! {
    log::info!("rebooting");
    end(RebootCommand::Restart)
}

/// Waits for ever: PID 1 must never return.
pub fn hold() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

/// Unmounts and writes what is left.
fn let_go() {
    let written = within_patience("writing what is left", || {
        crate::act::release();
        rustix::fs::sync();
    });
    if !written {
        log::warn!("the disk takes too long to write what is left: that is lost");
    }
}

/// Does it in a thread of its own, since whoever waits for a disk that hangs does not come back from the kernel; `doing` is its gerund and
/// subject. Says whether it was done in time.
pub fn within_patience(doing: &str, work: impl FnOnce() + Send + 'static) -> bool {
    let (end, ended) = channel::<()>();
    spawn(move || {
        work();
        drop(end);
    });
    let started = Instant::now();
    while ended.recv_timeout(HEARTBEAT) == Err(RecvTimeoutError::Timeout) {
        if started.elapsed() > PATIENCE {
            return false;
        }
        log::info!("still {doing}, {} s", started.elapsed().as_secs());
    }
    true
}

fn end(command: RebootCommand) -> ! {
    let_go();
    // A serial line drops what it has not sent yet when the power goes.
    console::drain();
    // Who looks on over the network gets the end of it as well, and a connection that is closed and does not just fall silent.
    let last_words = if console::dismiss() { 1000 } else { 100 };
    std::thread::sleep(Duration::from_millis(last_words));
    if let Err(error) = request(command) {
        log::error!("the kernel refused to end: {error}; switch the machine off by hand");
    }
    hold()
}
