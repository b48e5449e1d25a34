//! The installing system: a squashfs on the medium with a writable layer in memory, entered by one program at a time.
//!
//! PID 1 stays in the initramfs. Each program gets a mount namespace of its own in which a real switch of the root is done (mount moved
//! over `/`, then chroot): in a plain chroot the Nix sandbox cannot work, since the kernel refuses user namespaces and pivot_root there.
//! Stage-2 decides nothing: it runs what it is given, and whatever happens to it, PID 1 still has its own tools.

use std::fs::{File, create_dir_all};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use log::Level;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind_recursive, mount_move, unmount};

use super::memory::Memory;
use crate::drivers::needed;
use crate::error::{Doing, Error, Kind, Result};
use crate::medium::{Loop, Medium};
use crate::pid1::children::{self, Job};
use crate::sys::namespace;

/// Holds the layers: `lower` the squashfs, `upper` and `work` in memory, `root` what programs see.
const LAYERS: &str = "/stage2";
const ROOT: &str = "/stage2/root";
/// Where deploy keys lie: in memory that is never swapped, unlike the writable layer.
const KEYS: &str = "/stage2/root/etc/ssh/deploy";
/// What is mounted, the last first.
const MOUNTED: [&str; 4] = [KEYS, ROOT, "/stage2/lower", LAYERS];
/// What the first argument of this binary must be to enter stage-2.
pub const ROLE: &str = "enter-stage2";
/// What it must be to enter it where the firmware shows no variables. There `bootctl install` leaves them alone, as on a machine that was
/// not booted by UEFI; otherwise a firmware that refuses would fail the installation, and one that does not would have an entry for a disk
/// that does not boot yet. The last step writes the entry.
pub const WITHOUT_FIRMWARE: &str = "enter-stage2-without-firmware";
/// What it must be for a person in a shell who wants a program of stage-2.
pub const GUEST: &str = "stage2";
/// nixos-install uses it inside the target as well, where only the first entry exists.
const SEARCHED: &str = "/run/current-system/sw/bin:/usr/bin:/usr/sbin:/bin:/sbin";
/// A build on a slow machine may take a day; longer is a hang.
pub const DEADLINE: Duration = Duration::from_secs(24 * 3600);

/// The mounted stage-2 root.
#[derive(Debug)]
pub struct Stage2 {
    image: Loop,
}

impl Stage2 {
    /// Mounts the verified image and its writable layer.
    pub fn mount(medium: &Medium) -> Result<Stage2> {
        // Whatever of it is mounted when this fails goes with the value.
        let stage2 = Stage2 { image: Loop::of(medium, &medium.manifest.stage2)? };
        let image = &stage2.image;
        let doing = |what: &str| format!("mounting {what} of stage-2");
        mount("tmpfs", LAYERS, "tmpfs", MountFlags::empty(), c"mode=0755").doing(Kind::System, || doing("the writable layer"))?;
        for directory in ["lower", "upper", "work", "root"] {
            create_dir_all(format!("{LAYERS}/{directory}")).doing(Kind::System, || doing(directory))?;
        }
        let lower = mount(&image.node, "/stage2/lower", "squashfs", MountFlags::RDONLY, None);
        lower.map_err(|error| needed::cause(&["squashfs"], error)).doing(Kind::Medium, || doing("the image"))?;
        let layers = c"lowerdir=/stage2/lower,upperdir=/stage2/upper,workdir=/stage2/work";
        let root = mount("overlay", ROOT, "overlay", MountFlags::empty(), layers);
        root.map_err(|error| needed::cause(&["overlay"], error)).doing(Kind::System, || doing("the overlay"))?;
        let safe = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        create_dir_all(KEYS).doing(Kind::System, || doing("the place for keys"))?;
        mount("ramfs", KEYS, "ramfs", safe, c"mode=0700").doing(Kind::System, || doing("the place for keys"))?;
        Ok(stage2)
    }

    /// Whether it has this program.
    pub fn has(&self, program: &str) -> bool {
        is_there(&place(program))
    }

    /// Path of a file in its writable layer, in memory: outside, and as its programs see it.
    pub fn file(&self, name: &str) -> (String, String) {
        let name = name.trim_start_matches('/');
        (format!("{ROOT}/{name}"), format!("/{name}"))
    }

    /// A program of stage-2, to be started.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("/proc/self/exe");
        let role = if program == "nixos-install" { WITHOUT_FIRMWARE } else { ROLE };
        command.arg(role).arg(place(program)).args(arguments).env_clear();
        command.env("PATH", SEARCHED).env("HOME", "/root").env("TERM", "dumb");
        // Nobody answers git's questions, and only servers that are known are talked to.
        // Over https it is git that has to notice a server which has fallen silent; ssh is told in its own settings.
        command.env("GIT_HTTP_LOW_SPEED_LIMIT", "100").env("GIT_HTTP_LOW_SPEED_TIME", "60");
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_SSH_COMMAND", "bash /etc/ssh/each-key").env("GIT_SSH_VARIANT", "ssh");
        for name in ["GIT_SSL_CAINFO", "NIX_SSL_CERT_FILE", "SSL_CERT_FILE"] {
            command.env(name, "/etc/ssl/certs/ca-certificates.crt");
        }
        // Whoever makes a mapping must not wait for a udev that is not there.
        command.env("DM_DISABLE_UDEV", "1").stdin(Stdio::null());
        command
    }

    /// Runs a program of stage-2 to its end. `input` becomes its standard input.
    pub fn run(&self, program: &str, arguments: &[&str], input: Option<File>, doing: &str) -> Result<()> {
        let mut command = self.command(program, arguments);
        command.stdin(input.map_or_else(Stdio::null, Stdio::from));
        let job = Job { program, doing, kind: Kind::Install, deadline: DEADLINE, output: Level::Info, so_far: children::UNKNOWN };
        judged(command, job).0
    }
}

impl Stage2 {
    /// Runs a program that may talk to servers; its last lines tell why it failed.
    pub fn heard(&self, arguments: &[&str], environment: &[(&str, &str)], job: Job) -> (Result<()>, Vec<String>) {
        let mut command = self.command(job.program, arguments);
        command.envs(environment.iter().copied());
        judged(command, job)
    }
}

/// Whatever the program is, it may want more memory than there is.
fn judged(command: Command, job: Job) -> (Result<()>, Vec<String>) {
    let memory = Memory::now();
    let (ended, said) = children::heard(command, job);
    (ended.map_err(|error| memory.judge(error, &said)), said)
}

/// Where a program is in stage-2.
fn place(program: &str) -> String {
    let system = format!("/usr/sbin/{program}");
    if is_there(&system) { system } else { format!("/usr/bin/{program}") }
}

/// Whether stage-2 has this path. A link into its own store leads nowhere as long as its root is not the root, and counts all the same.
fn is_there(path: &str) -> bool {
    Path::new(&format!("{ROOT}{path}")).symlink_metadata().is_ok()
}

/// Has it mounted for a person in a shell; `None` if it is.
///
/// # Errors
/// The medium was never found, or is gone, or cannot be read.
pub fn visit() -> Result<Option<Stage2>> {
    if Path::new(ROOT).join("usr").exists() {
        return Ok(None);
    }
    let gone = || Error::new(Kind::Medium, "mounting stage-2", "the medium is gone");
    let medium = Medium::found().filter(Medium::still_there).ok_or_else(gone)?;
    Stage2::mount(&medium).map(Some)
}

/// Unmounts it, whoever uses it.
pub fn leave() {
    MOUNTED.iter().for_each(|target| unmount(*target, UnmountFlags::DETACH).unwrap_or_default());
}

impl Drop for Stage2 {
    /// Lets go of the medium.
    fn drop(&mut self) {
        for target in MOUNTED {
            if let Err(error) = unmount(target, UnmountFlags::empty()) {
                log::debug!("unmounting {target}: {error}");
            }
        }
    }
}

/// The other side: this process was started, in this role, to become a program of stage-2. Returns only if it cannot.
pub fn enter(role: &str, words: &[String]) -> Error {
    let [program, arguments @ ..] = words else {
        return Error::new(Kind::Install, "entering stage-2", "no program was given");
    };
    if let Err(error) = switch_root(role == WITHOUT_FIRMWARE) {
        return error;
    }
    Error::new(Kind::Install, format!("starting {program} in stage-2"), Command::new(program).args(arguments).exec())
}

/// The same for a person, who says no more than the program's name. Returns only if it cannot be started.
pub fn enter_as_guest(words: &[String]) -> Error {
    let [program, arguments @ ..] = words else {
        return Error::new(Kind::Install, "entering stage-2", "say which program: stage2 PROGRAM ARGUMENTS");
    };
    let program = place(program);
    if let Err(error) = switch_root(false) {
        return error;
    }
    let mut command = Command::new(&program);
    command.args(arguments).env("PATH", SEARCHED).env("HOME", "/root");
    Error::new(Kind::Install, format!("starting {program} in stage-2"), command.exec())
}

/// The target comes along with the mounts below it. It is shared with PID 1, which has made it so: what is mounted below it stays. What
/// is mounted anywhere else is gone with the program.
fn switch_root(without_firmware: bool) -> Result<()> {
    let doing = || "switching to the stage-2 root".to_string();
    namespace::leave_mounts().doing(Kind::Install, doing)?;
    for directory in ["/proc", "/sys", "/dev", super::mounts::ROOT] {
        let target = format!("{ROOT}{directory}");
        mount_bind_recursive(directory, &target).doing(Kind::Install, || format!("binding {directory} into stage-2"))?;
    }
    if without_firmware {
        // A mount that nobody can reach would be in the way of whoever unmounts all of /sys again. There may be none.
        unmount(format!("{ROOT}/sys/firmware/efi/efivars"), UnmountFlags::DETACH).unwrap_or_default();
    }
    let covered = if without_firmware { &["/run", "/tmp", "/sys/firmware"][..] } else { &["/run", "/tmp"] };
    for directory in covered {
        let target = format!("{ROOT}{directory}");
        mount("tmpfs", &target, "tmpfs", MountFlags::NOSUID, c"mode=0755").doing(Kind::Install, || format!("mounting {target}"))?;
    }
    // What an ssh server whose client has not logged in yet sees of the world.
    let nothing = format!("{ROOT}/run/sshd");
    create_dir_all(&nothing).doing(Kind::Install, || format!("creating {nothing}"))?;
    rustix::process::chdir(ROOT).doing(Kind::Install, doing)?;
    mount_move(".", "/").doing(Kind::Install, doing)?;
    rustix::process::chroot(".").doing(Kind::Install, doing)?;
    rustix::process::chdir("/").doing(Kind::Install, doing)
}
