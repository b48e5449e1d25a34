//! Makes a medium of parts, and says where its bytes are. What was made of the same content before is not made again.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use init::settings::Settings;

use super::identity::{self, Raw};
use super::initrd;
use super::medium::Medium;
use super::sizes::Sizes;
use super::{keymaps, stage2};
use crate::cache;
use crate::closure::Closure;
use crate::host::HostSettings;
use crate::parts::Parts;

/// What a medium is to be made of.
pub struct Request<'a> {
    /// What it is called in the build directory: the host that it installs, and more where that has several.
    pub name: &'a str,
    /// The host's settings, banner and scripts.
    pub settings: &'a HostSettings,
    /// The same settings, understood.
    pub parsed: &'a Settings,
    /// Its system, and the squashfs with its closure; `None` where it is built while it is installed.
    pub closure: Option<(&'a Closure, &'a Path)>,
    /// More files of the initrd, below `/etc/autoinstaller`.
    pub files: &'a [(String, String)],
    /// `init`, as one static program.
    pub init: &'a Path,
    /// Laid over the stage-2 root.
    pub stage2_overlay: Option<&'a Path>,
    /// Where the image goes instead of `target/iso/NAME.iso`.
    pub out: Option<&'a Path>,
    /// Whether it may be as large as its parts make it: they are not this project's choice.
    pub any_size: bool,
}

/// What was made.
pub struct Made {
    /// The hybrid ISO.
    pub iso: PathBuf,
    /// The initrd that lies on it.
    pub initrd: PathBuf,
    /// GUID of its GPT, lower case.
    pub disk_guid: String,
    /// The commit of which it leaves a clone; empty where it leaves none.
    pub commit: String,
    /// Where its bytes are.
    pub sizes: Sizes,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Made { sizes, commit, .. } = self;
        write!(f, "{sizes}")?;
        if commit.is_empty() { Ok(()) } else { writeln!(f, "a clone of commit {commit} is left on the disk") }
    }
}

/// Makes the medium; programs must be there already. Nothing but the parts and the request has a say in its bytes.
///
/// # Errors
/// A part is missing or damaged, a program fails, or something is larger than it may be.
pub fn build(parts: &Parts, request: &Request) -> Result<Made> {
    request.parsed.keymap.as_deref().map_or(Ok(()), |name| keymaps::check(&parts.programs, name))?;
    let mut pieces = Vec::from(initrd::base(parts, &request.settings.kernel_modules)?);
    pieces.push(initrd::init(request.init)?);
    let mut files = request.settings.files();
    files.extend(request.files.iter().map(|(name, text)| (name.clone(), text.as_bytes())));
    pieces.push(initrd::settings(&files));

    let stage2 = stage2::build(parts, request.stage2_overlay)?;
    let (closure, closure_image) = request.closure.unzip();
    let mut images = vec![Raw::of("stage2", &stage2)?];
    images.extend(closure_image.map(|image| Raw::of("closure", image)).transpose()?);
    let disk_guid = identity::disk_guid(parts, &pieces, &images, closure)?;
    let medium = identity::medium_file(&disk_guid, parts.built, &images, closure);
    pieces.push(initrd::settings(&[("medium".to_owned(), medium.as_bytes())]));

    let directory = cache::directory("iso")?;
    let name = request.name;
    let initrd = directory.join(format!("{name}.initrd"));
    cache::replace(&initrd, |part| initrd::write(part, &pieces))?;
    let iso = request.out.map_or_else(|| directory.join(format!("{name}.iso")), Path::to_path_buf);
    let medium = Medium { parts, initrd: &initrd, stage2: &stage2, closure: closure_image, disk_guid: &disk_guid };
    let measure = |iso: &Path| Sizes::of(parts, &pieces, &images, iso);
    medium.write_unless_same(&iso, |part| {
        let sizes = measure(part)?;
        if request.any_size { Ok(()) } else { sizes.check() }
    })?;
    let sizes = measure(&iso)?;
    let commit = closure.and_then(|closure| closure.commit.clone()).unwrap_or_default();
    Ok(Made { iso, initrd, disk_guid, commit, sizes })
}
