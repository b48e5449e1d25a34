//! The end of the machine's day. None of these returns.

use std::time::Duration;

use rustix::system::{RebootCommand, reboot as request};

use super::console;

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

fn end(command: RebootCommand) -> ! {
    crate::act::release();
    rustix::fs::sync();
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
