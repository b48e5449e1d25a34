//! `cargo xtask iso`: makes the medium of one host from parts, and says where its bytes are. Other verbs call [`build`].
//! What was made of the same content before is not made again.

use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cache::{self, Key};
use crate::debian;
use crate::image::initrd::{self, Piece};
use crate::image::medium::{self, Medium};
use crate::image::{init_binary, loader, stage2};
use crate::parts::Parts;
use crate::prerequisites;

/// In bytes, without a closure: what a person downloads, and what fits any stick.
const LARGEST: u64 = 100_000_000;

/// What a medium is to be made of.
#[derive(Default)]
pub struct Request {
    /// Names the results under `target/iso`.
    pub name: String,
    /// Text of /etc/autoinstaller/settings.
    pub settings: String,
    /// Text shown before the question.
    pub banner: Option<String>,
    /// For a prebuilt host.
    pub closure: Option<Closure>,
    /// Modules the host wants in the initrd beside the repository's list.
    pub extra_modules: Vec<String>,
    /// Laid over the stage-2 root.
    pub stage2_overlay: Option<PathBuf>,
    /// A program to start instead of the crate `init`, e.g. a probe.
    pub init: Option<PathBuf>,
    /// Where the image goes instead of `target/iso/<name>.iso`.
    pub out: Option<PathBuf>,
}

/// A prebuilt system.
pub struct Closure {
    /// Squashfs with the store paths and `nix-path-registration`.
    pub image: PathBuf,
    /// Its store path.
    pub toplevel: String,
}

/// A finished medium and what a virtual machine needs beside it.
pub struct Image {
    /// The hybrid image.
    pub iso: PathBuf,
    /// For booting without firmware and loader, with [`loader::COMMAND_LINE`].
    pub kernel: PathBuf,
    /// See `kernel`; the same bytes as on the medium.
    pub initrd: PathBuf,
    /// The stage-2 image as it lies on the medium.
    pub stage2: PathBuf,
    /// UEFI firmware: code, and an empty variable store to be copied.
    pub ovmf_code: PathBuf,
    /// See `ovmf_code`.
    pub ovmf_vars: PathBuf,
    /// GUID of the medium's partition table, lower case.
    pub disk_guid: String,
    /// Store path of a prebuilt system.
    pub toplevel: Option<String>,
    /// Where the bytes are: what, bytes on the medium, bytes in memory.
    sizes: Vec<(String, u64, Option<u64>)>,
}

/// Makes a medium; programs must be there already.
pub fn build(request: &Request) -> Result<Image> {
    let parts = debian::parts()?;
    let extra: Vec<&str> = request.extra_modules.iter().map(String::as_str).collect();
    let mut pieces = initrd::base(&parts, &extra)?;
    let binary = match &request.init {
        Some(program) => program.clone(),
        None => init_binary::build()?,
    };
    pieces.push(initrd::init(&binary)?);
    let mut files = vec![("settings", request.settings.as_str())];
    files.extend(request.banner.as_deref().map(|banner| ("banner", banner)));
    pieces.push(initrd::settings(&files));

    let stage2 = stage2::build(&parts.stage2, request.stage2_overlay.as_deref())?;
    let mut images = vec![("stage2", cache::sha256_file(&stage2)?)];
    if let Some(closure) = &request.closure {
        images.push(("closure", cache::sha256_file(&closure.image)?));
    }
    let disk_guid = identity(&parts, &pieces, &images)?;
    let toplevel = request
        .closure
        .as_ref()
        .map(|closure| closure.toplevel.clone());
    let medium = medium_file(&disk_guid, &images, toplevel.as_deref());
    pieces.push(initrd::settings(&[("medium", &medium)]));

    let directory = cache::directory("iso")?;
    let initrd = directory.join(format!("{}.initrd", request.name));
    cache::replace(&initrd, |part| initrd::write(part, &pieces))?;
    let iso = request.out.clone();
    let iso = iso.unwrap_or_else(|| directory.join(format!("{}.iso", request.name)));
    Medium {
        parts: &parts,
        initrd: &initrd,
        stage2: &stage2,
        closure: request
            .closure
            .as_ref()
            .map(|closure| closure.image.as_path()),
        disk_guid: &disk_guid,
    }
    .write_unless_same(&iso)?;
    let sizes = sizes(&parts, &pieces, &images, &iso)?;
    if request.closure.is_none() && size(&iso)? > LARGEST {
        bail!(
            "making {}: it has {} bytes, {LARGEST} are allowed",
            iso.display(),
            size(&iso)?
        );
    }
    Ok(Image {
        iso,
        kernel: parts.kernel,
        initrd,
        stage2,
        ovmf_code: parts.ovmf_code,
        ovmf_vars: parts.ovmf_vars,
        disk_guid,
        toplevel,
        sizes,
    })
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
fn medium_file(guid: &str, images: &[(&str, (u64, String))], toplevel: Option<&str>) -> String {
    let mut text = format!("diskGuid={guid}\n");
    for (name, (size, digest)) in images {
        text += &format!("{name}.size={size}\n{name}.sha256={digest}\n");
    }
    if let Some(toplevel) = toplevel {
        text += &format!("toplevel={toplevel}\n");
    }
    text
}

fn sizes(
    parts: &Parts,
    pieces: &[Piece],
    images: &[(&str, (u64, String))],
    iso: &Path,
) -> Result<Vec<(String, u64, Option<u64>)>> {
    let mut sizes = vec![("kernel".to_owned(), size(&parts.kernel)?, None)];
    for piece in pieces {
        sizes.push((
            piece.name.to_owned(),
            piece.bytes.len() as u64,
            Some(piece.unpacked),
        ));
    }
    for (name, (bytes, _)) in images {
        sizes.push(((*name).to_owned(), *bytes, None));
    }
    sizes.push((
        "kit, empty".to_owned(),
        crate::image::partitions::KIT_SIZE * 1024,
        None,
    ));
    let known: u64 = sizes.iter().map(|(_, bytes, _)| bytes).sum();
    let whole = size(iso)?;
    sizes.push((
        "loaders, tables, free space".to_owned(),
        whole.saturating_sub(known),
        None,
    ));
    sizes.push(("medium".to_owned(), whole, None));
    Ok(sizes)
}

fn size(path: &Path) -> Result<u64> {
    let file = fs::metadata(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(file.len())
}

impl Image {
    /// A table of where the bytes are.
    pub fn table(&self) -> String {
        let mut table = format!("{:<32}{:>14}{:>14}\n", "", "on the medium", "in memory");
        for (name, bytes, unpacked) in &self.sizes {
            let unpacked = unpacked.map(|bytes| bytes.to_string()).unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(table, "{name:<32}{bytes:>14}{unpacked:>14}");
        }
        table
    }
}

/// The verb: `iso HOST [--out FILE] [--stage2-overlay DIR] [--init FILE]`.
pub fn main(arguments: &[OsString]) -> Result<()> {
    let request = parse(arguments)?;
    prerequisites::ensure(&[prerequisites::ISO])?;
    let image = build(&request)?;
    print!("{}", image.table());
    println!("disk GUID {}", image.disk_guid);
    println!("{}", image.iso.display());
    Ok(())
}

fn parse(arguments: &[OsString]) -> Result<Request> {
    let mut request = Request::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let name = argument.to_string_lossy();
        let mut value = || {
            let value = rest.next().map(PathBuf::from);
            value.with_context(|| format!("reading the arguments: {name} needs a value"))
        };
        match &*name {
            "--out" => request.out = Some(value()?),
            "--stage2-overlay" => request.stage2_overlay = Some(value()?),
            "--init" => request.init = Some(value()?),
            option if option.starts_with('-') => {
                bail!("reading the arguments: {option} is not an option of iso")
            }
            host if request.name.is_empty() => request.name = host.to_owned(),
            second => bail!("reading the arguments: one host only, not {second}, too"),
        }
    }
    if request.name.is_empty() {
        bail!("reading the arguments: iso needs the name of a host");
    }
    request.settings = format!(
        "targetHost={}\nprebuilt=true\nlabels.efi=UV-ESP\nlabels.root=UV-ROOT\nlabels.swap=UV-SWAP\n\
         swap.enable=true\nswap.size=2G\n",
        request.name
    );
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn arguments_are_read_in_any_order() {
        let request = parse(&words("--out a.iso ultraviolet --stage2-overlay over")).unwrap();
        assert_eq!(request.name, "ultraviolet");
        assert_eq!(request.out, Some(PathBuf::from("a.iso")));
        assert_eq!(request.stage2_overlay, Some(PathBuf::from("over")));
    }

    #[test]
    fn what_is_wrong_with_arguments_is_said() {
        let error = |text| parse(&words(text)).err().unwrap().to_string();
        let start = "reading the arguments: ";
        assert_eq!(
            error("a --fast"),
            format!("{start}--fast is not an option of iso")
        );
        assert_eq!(error("a --out"), format!("{start}--out needs a value"));
        assert_eq!(error("a b"), format!("{start}one host only, not b, too"));
        assert_eq!(
            error("--out x"),
            format!("{start}iso needs the name of a host")
        );
    }

    #[test]
    fn the_medium_file_names_what_init_verifies() {
        let images = [
            ("stage2", (5, "ab".to_owned())),
            ("closure", (7, "cd".to_owned())),
        ];
        assert_eq!(
            medium_file("0a", &images, Some("/nix/store/x")),
            "diskGuid=0a\nstage2.size=5\nstage2.sha256=ab\nclosure.size=7\nclosure.sha256=cd\n\
             toplevel=/nix/store/x\n"
        );
    }
}
