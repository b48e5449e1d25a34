//! A panic of PID 1 would be a panic of the kernel, and its message would be gone with the machine. So it is shown, and a fresh PID 1 takes
//! over, which shows it once more, with keys to go on. Where that is not possible the machine holds.

use super::{again, console, power, truth};

/// Installs the hook. It runs before `panic = "abort"` takes effect and never lets it.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let pages =
            [format!("\nautoinstaller: failed: the installer itself: {info}\n"), format!("autoinstaller: disk: {}\n", truth::sentence())];
        pages.iter().for_each(|page| console::print_in_panic(page));
        again::after_panic(&info.to_string());
        console::print_in_panic("autoinstaller: switch the machine off by hand and keep this text for a report\n");
        if std::process::id() == 1 {
            power::hold();
        }
    }));
}
