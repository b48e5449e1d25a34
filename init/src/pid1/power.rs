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
    std::thread::sleep(Duration::from_millis(100));
    if let Err(error) = request(command) {
        log::error!("the kernel refused to end: {error}; switch the machine off by hand");
    }
    hold()
}
