//! Makes a medium of parts, and says where its bytes are. What was made of the same content before is not made again.

use std::path::Path;

use anyhow::Result;
use init::settings::Settings;

use super::Image;
use super::identity::{self, Raw};
use super::initrd;
use super::medium::Medium;
use super::sizes::Sizes;
use super::{init_binary, keymaps, loader, stage2};
use crate::cache;
use crate::closure::Closure;
use crate::host::HostSettings;
use crate::parts::Parts;

/// What a medium is to be made of.
pub struct Request<'a> {
    /// The host that it installs.
    pub host: &'a str,
    /// Ends the name of its files, where it has another kernel than most.
    pub variant: &'a str,
    /// Its settings, banner and scripts.
    pub settings: &'a HostSettings,
    /// The same settings, understood.
    pub parsed: &'a Settings,
    /// Its system, and the squashfs with its closure; `None` where it is built while it is installed.
    pub closure: Option<(&'a Closure, &'a Path)>,
    /// More files of the initrd, below `/etc/autoinstaller`.
    pub files: &'a [(String, String)],
    /// Laid over the stage-2 root.
    pub stage2_overlay: Option<&'a Path>,
    /// Where the image goes instead of `target/iso/HOST.iso`.
    pub out: Option<&'a Path>,
}

/// Makes the medium; programs must be there already.
///
/// # Errors
/// A part is missing or damaged, a program fails, or something is larger than it may be.
pub fn build(parts: &Parts, request: &Request) -> Result<(Image, Sizes)> {
    request.parsed.keymap.as_deref().map_or(Ok(()), |name| keymaps::check(&parts.programs, name))?;
    let mut pieces = Vec::from(initrd::base(parts)?);
    pieces.push(initrd::init(&init_binary::build()?)?);
    let mut files = request.settings.files();
    files.extend(request.files.iter().map(|(name, text)| (name.clone(), text.as_str())));
    pieces.push(initrd::settings(&files));

    let stage2 = stage2::build(parts, request.stage2_overlay)?;
    let (closure, closure_image) = request.closure.unzip();
    let mut images = vec![Raw::of("stage2", &stage2)?];
    images.extend(closure_image.map(|image| Raw::of("closure", image)).transpose()?);
    let disk_guid = identity::disk_guid(parts, &pieces, &images, closure)?;
    let medium = identity::medium_file(&disk_guid, identity::built(parts)?, &images, closure);
    pieces.push(initrd::settings(&[("medium".to_owned(), &medium)]));

    let directory = cache::directory("iso")?;
    let overlay = if request.stage2_overlay.is_some() { "-overlay" } else { "" };
    let name = format!("{}{overlay}{}{}", request.host, request.variant, if request.files.is_empty() { "" } else { "-files" });
    let initrd = directory.join(format!("{name}.initrd"));
    cache::replace(&initrd, |part| initrd::write(part, &pieces))?;
    let iso = request.out.map_or_else(|| directory.join(format!("{name}.iso")), Path::to_path_buf);
    let medium = Medium { parts, initrd: &initrd, stage2: &stage2, closure: closure_image, disk_guid: &disk_guid };
    let measure = |iso: &Path| Sizes::of(parts, &pieces, &images, iso);
    medium.write_unless_same(&iso, |part| measure(part)?.check())?;
    let sizes = measure(&iso)?;
    let image = Image {
        iso,
        kernel: parts.kernel.clone(),
        initrd,
        initrd_unpacked: sizes.initrd(),
        cmdline: loader::COMMAND_LINE.to_owned(),
        ovmf_code: parts.ovmf_code.clone(),
        ovmf_vars: parts.ovmf_vars.clone(),
        disk_guid,
        toplevel: closure.map(|closure| closure.toplevel.clone()).unwrap_or_default(),
        stage2_root: parts.stage2.clone(),
        settings: request.parsed.clone(),
        settings_text: request.settings.settings.clone(),
        loader: parts.loader.clone(),
    };
    Ok((image, sizes))
}
