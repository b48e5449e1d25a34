//! What the contender that is the installer takes for the medium: a disk with the stage-2 image, from which `cryptsetup` comes.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

use crate::closure::Closure;
use crate::command;
use crate::image::append::{self, Partition};
use crate::image::identity::{self, Raw};
use crate::image::{medium, stage2};
use crate::parts::Parts;

/// Any will do: no other disk of that machine has one.
const GUID: &str = "0a0b0c0d-1111-8222-8333-444455556666";

/// A disk image that was written, and what the initrd says of it.
pub struct Medium {
    /// Text of /etc/autoinstaller/medium.
    pub manifest: String,
}

/// Writes the image. Nothing is unpacked from it, so stage-2 stands in for the closure, too.
pub fn write(path: &Path, parts: &Parts) -> Result<Medium> {
    let stage2 = stage2::build(parts, None)?;
    let making = || format!("making {}", path.display());
    File::create(path).and_then(|file| file.set_len(4 << 20)).with_context(making)?;
    command::run(&making(), command::tool("sgdisk").arg("--clear").arg(format!("--disk-guid={GUID}")).arg(path))?;
    let partition = |label| Partition { label, kind: medium::LINUX_DATA, image: stage2.clone() };
    append::append(path, GUID, 1, &[partition("AI-STAGE2"), partition("AI-CLOSURE")])?;
    let closure = Closure { toplevel: "/nix/store/none".into(), paths: Vec::new(), registration: String::new(), content: 0, commit: None };
    Ok(Medium { manifest: identity::medium_file(GUID, 0, &[Raw::of("stage2", &stage2)?, Raw::of("closure", &stage2)?], Some(&closure)) })
}
