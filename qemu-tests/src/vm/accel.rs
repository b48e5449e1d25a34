//! Which accelerator the virtual machines get. KVM only after a kernel was seen to run through with it: the device may open and
//! then hang for ever, with the first processor or with the second.

use std::env;
use std::io::Read;
use std::path::Path;
use std::process::{ChildStdout, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::emulator::{Emulator, qemu};

/// Set to `tcg` to leave KVM alone, unprobed.
const VARIABLE: &str = "AUTOINSTALLER_ACCEL";

/// With KVM a kernel without a root gives up after one or two seconds.
const PROBE: Duration = Duration::from_secs(20);

/// How it gives up: by then all processors have been started and all drivers have been asked.
const LAST_WORDS: &[u8] = b"Kernel panic";

/// Emulation, both processors in one thread: with a thread for each, QEMU 7.2 now and then runs an instruction that the kernel has
/// just patched, which is then an `Oops: int3`.
const EMULATED: &str = "tcg,thread=single";

/// The machine's own processors.
pub const KVM: &str = "kvm";

/// The value for QEMU's `-accel`; probed once per process.
pub fn accel(kernel: &Path) -> &'static str {
    static CHOICE: OnceLock<&str> = OnceLock::new();
    CHOICE.get_or_init(|| if wanted() && kvm_works(kernel) { KVM } else { EMULATED })
}

fn wanted() -> bool {
    env::var(VARIABLE).as_deref() != Ok("tcg") && Path::new("/dev/kvm").exists()
}

/// Whether this kernel, without an initrd, gets as far as its own panic under KVM.
fn kvm_works(kernel: &Path) -> bool {
    let mut command = qemu();
    command
        .args(["-machine", "q35", "-accel", "kvm", "-cpu", "max", "-smp", "2", "-m", "256", "-nodefaults", "-display", "none"])
        .args(["-no-reboot", "-serial", "stdio", "-append", "console=ttyS0 panic=-1", "-kernel"])
        .arg(kernel)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let Ok(mut emulator) = Emulator::start(&mut command) else {
        return false;
    };
    let (sender, receiver) = channel();
    if let Some(output) = emulator.output() {
        thread::spawn(move || {
            // Nobody listens any more when the deadline has passed.
            let _ = sender.send(says_last_words(output));
        });
    }
    receiver.recv_timeout(PROBE) == Ok(true)
}

fn says_last_words(mut output: ChildStdout) -> bool {
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        said.extend_from_slice(&buffer[..count]);
        if said.windows(LAST_WORDS.len()).any(|window| window == LAST_WORDS) {
            return true;
        }
    }
    false
}
