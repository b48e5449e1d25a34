//! Fills the target's store from the closure image and runs `nixos-install`.
//!
//! Unpacking with squashfs-tools is three times faster than letting Nix copy. What makes `--load-db` trustworthy, which checks nothing,
//! is that the image's digest was verified before.

use std::fs::{File, create_dir_all, remove_file, set_permissions};
use std::os::unix::fs::PermissionsExt;

use super::mounts::ROOT;
use super::stage2::Stage2;
use crate::error::{Doing, Kind, Result};
use crate::medium::Loop;

/// MiB that wait to be written, of whole blocks and of ends of files each. By default they take 390 MB of memory, with these 70, and no more time.
const QUEUE: &str = "32";
const REGISTRATION: &str = "/mnt/nix/store/nix-path-registration";

/// Unpacks the closure image into the target's store.
pub fn unpack(stage2: &Stage2, image: &Loop) -> Result<()> {
    let store = format!("{ROOT}/nix/store");
    create_dir_all(&store).doing(Kind::Install, || format!("creating {store}"))?;
    for directory in [ROOT.to_string(), format!("{ROOT}/nix")] {
        // nixos-install refuses a target that others cannot read.
        set_permissions(&directory, PermissionsExt::from_mode(0o755)).doing(Kind::Install, || format!("opening {directory}"))?;
    }
    let words = ["-force", "-quiet", "-no-progress", "-data-queue", QUEUE, "-frag-queue", QUEUE, "-dest", &store, &image.node];
    stage2.run("unsquashfs", &words, None, "unpacking the closure")
}

/// Makes Nix's database of the target know the unpacked paths.
pub fn register(stage2: &Stage2) -> Result<()> {
    let registration = File::open(REGISTRATION).doing(Kind::Install, || format!("opening {REGISTRATION}"))?;
    stage2.run("nix-store", &["--store", ROOT, "--load-db"], Some(registration), "registering the store paths")?;
    remove_file(REGISTRATION).doing(Kind::Install, || format!("removing {REGISTRATION}"))
}

/// Activates the system and installs its boot loader. Nothing is ever built or fetched: the closure is complete.
pub fn nixos_install(stage2: &Stage2, toplevel: &str) -> Result<()> {
    let words = [
        "--root",
        ROOT,
        "--no-root-passwd",
        "--no-channel-copy",
        "--cores",
        "0",
        "--max-jobs",
        "0",
        "--substituters",
        "",
        "--system",
        toplevel,
    ];
    stage2.run("nixos-install", &words, None, "running nixos-install")
}
