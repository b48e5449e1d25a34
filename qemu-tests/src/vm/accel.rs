//! Which accelerator the virtual machines get. KVM only after a kernel was seen to start with it: the device may open and then
//! hang for ever.

use std::env;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::tool;

/// Set to `tcg` to leave KVM alone, unprobed.
const VARIABLE: &str = "AUTOINSTALLER_ACCEL";

/// With KVM a kernel says its first word in well under a second.
const PROBE: Duration = Duration::from_secs(10);

/// The value for QEMU's `-accel`; probed once per process.
pub fn accel(kernel: &Path) -> &'static str {
    static CHOICE: OnceLock<&str> = OnceLock::new();
    CHOICE.get_or_init(|| if wanted() && kvm_starts(kernel) { "kvm" } else { "tcg,thread=multi" })
}

fn wanted() -> bool {
    env::var(VARIABLE).as_deref() != Ok("tcg") && Path::new("/dev/kvm").exists()
}

/// Whether this kernel, without an initrd, gets as far as its own panic under KVM.
fn kvm_starts(kernel: &Path) -> bool {
    let mut qemu = tool::command("qemu-system-x86_64");
    qemu.args(["-machine", "q35", "-accel", "kvm", "-cpu", "max", "-m", "256", "-nodefaults", "-display", "none", "-no-reboot"])
        .args(["-serial", "stdio", "-append", "console=ttyS0 panic=-1", "-kernel"])
        .arg(kernel)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let Ok(mut child) = qemu.spawn() else {
        return false;
    };
    let (sender, receiver) = channel();
    if let Some(mut output) = child.stdout.take() {
        thread::spawn(move || {
            let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                said.extend_from_slice(&buffer[..count]);
                if said.windows(13).any(|window| window == b"Linux version") {
                    let _ = sender.send(());
                    return;
                }
            }
        });
    }
    let started = receiver.recv_timeout(PROBE).is_ok();
    reap(&mut child);
    started
}

/// Kills, and waits a moment only: a process that hangs in the kernel cannot be reaped, and must not hang us too.
pub fn reap(child: &mut Child) {
    let _ = child.kill();
    let deadline = Instant::now() + Duration::from_secs(5);
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
}
