//! Makes a medium of parts, and says where its bytes are. What was made of the same content before is not made again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Image;
use super::initrd::{self, Piece};
use super::medium::{self, Medium};
use super::sizes::Sizes;
use super::{init_binary, loader, stage2};
use crate::cache::{self, Key};
use crate::closure::Closure;
use crate::host::HostSettings;
use crate::parts::Parts;

/// What a medium is to be made of.
pub struct Request<'a> {
    /// The host that it installs.
    pub host: &'a str,
    /// Its settings and banner.
    pub settings: &'a HostSettings,
    /// Its system.
    pub closure: &'a Closure,
    /// The squashfs with that closure.
    pub closure_image: &'a Path,
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
    let mut pieces = initrd::base(parts, &[])?;
    pieces.push(initrd::init(&init_binary::build()?)?);
    let mut files = vec![("settings", request.settings.settings.as_str())];
    files.extend(request.settings.banner.as_deref().map(|banner| ("banner", banner)));
    pieces.push(initrd::settings(&files));

    let stage2 = stage2::build(&parts.stage2, request.stage2_overlay)?;
    let images = [("stage2", cache::sha256_file(&stage2)?), ("closure", cache::sha256_file(request.closure_image)?)];
    let disk_guid = identity(parts, &pieces, &images)?;
    let medium = medium_file(&disk_guid, &images, request.closure);
    pieces.push(initrd::settings(&[("medium", &medium)]));

    let directory = cache::directory("iso")?;
    let name = if request.stage2_overlay.is_some() { format!("{}-overlay", request.host) } else { request.host.to_owned() };
    let initrd = directory.join(format!("{name}.initrd"));
    cache::replace(&initrd, |part| initrd::write(part, &pieces))?;
    let iso = request.out.map_or_else(|| directory.join(format!("{name}.iso")), Path::to_path_buf);
    let medium = Medium { parts, initrd: &initrd, stage2: &stage2, closure: request.closure_image, disk_guid: &disk_guid };
    medium.write_unless_same(&iso)?;
    let sizes = Sizes::of(parts, &pieces, &images, &iso)?;
    sizes.check()?;
    let image = Image {
        iso,
        kernel: parts.kernel.clone(),
        initrd,
        cmdline: loader::COMMAND_LINE.to_owned(),
        ovmf_code: parts.ovmf_code.clone(),
        ovmf_vars: parts.ovmf_vars.clone(),
        disk_guid,
        toplevel: request.closure.toplevel.clone(),
        stage2_root: parts.stage2.clone(),
        host: request.host.to_owned(),
    };
    Ok((image, sizes))
}

impl Medium<'_> {
    /// Writes the image, unless one of the same content lies there.
    fn write_unless_same(&self, iso: &Path) -> Result<()> {
        let mut name = iso.as_os_str().to_owned();
        name.push(".key");
        let stamp = PathBuf::from(name);
        if iso.exists() && fs::read_to_string(&stamp).is_ok_and(|made| made == self.disk_guid) {
            return Ok(());
        }
        cache::remove(&stamp)?;
        cache::replace(iso, |part| {
            let work = PathBuf::from(format!("{}.work", part.display()));
            cache::remove(&work)?;
            fs::create_dir_all(&work).with_context(|| format!("making {}", work.display()))?;
            let written = self.write(part, &work);
            cache::remove(&work)?;
            written
        })?;
        fs::write(&stamp, self.disk_guid).with_context(|| format!("writing {}", stamp.display()))
    }
}

/// The GUID that follows from everything on the medium.
fn identity(parts: &Parts, pieces: &[Piece], images: &[(&str, (u64, String))]) -> Result<String> {
    let mut key = Key::new("medium 1");
    key.add_file(&parts.kernel)?;
    key.add_file(&parts.loader)?;
    for (name, text) in loader::systemd_boot() {
        key.add(name.as_bytes());
        key.add(text.as_bytes());
    }
    key.add(loader::grub_menu().as_bytes());
    for piece in pieces {
        key.add(&piece.bytes);
    }
    for (name, (size, digest)) in images {
        key.add(format!("{name} {size} {digest}").as_bytes());
    }
    Ok(medium::disk_guid(key.bytes()))
}

/// Text of /etc/autoinstaller/medium.
fn medium_file(guid: &str, images: &[(&str, (u64, String))], closure: &Closure) -> String {
    let mut text = format!("diskGuid={guid}\n");
    for (name, (size, digest)) in images {
        text += &format!("{name}.size={size}\n{name}.sha256={digest}\n");
    }
    text + &format!("closure.content={}\ntoplevel={}\n", closure.content, closure.toplevel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_medium_file_is_what_init_reads() {
        let digest = "ab".repeat(32);
        let images = [("stage2", (5, digest.clone())), ("closure", (7, digest))];
        let closure = Closure { toplevel: "/nix/store/x".into(), paths: Vec::new(), registration: String::new(), content: 11 };
        let guid = "0a0b0c0d-1111-4222-8333-444455556666";
        let manifest = init::medium::Manifest::parse(&medium_file(guid, &images, &closure)).unwrap();
        assert_eq!(manifest.disk_guid, guid);
        assert_eq!((manifest.stage2.bytes, manifest.closure.bytes, manifest.closure_content), (5, 7, 11));
        assert_eq!((manifest.stage2.sha256, manifest.toplevel.as_str()), ([0xab; 32], "/nix/store/x"));
    }
}
