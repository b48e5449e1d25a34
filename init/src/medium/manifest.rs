//! What the image builder wrote down about the medium: its disk GUID, and sizes and digests of the images on it.

use std::fs::read_to_string;

use crate::decide::Carried;
use crate::error::{Doing, Error, Kind, Result};

/// Where the manifest is in the initrd.
const PATH: &str = "/etc/autoinstaller/medium";

/// What a system needs that is built on the disk, in bytes: itself, and what it is built of.
const SMALLEST_SYSTEM: u64 = 4 << 30;

/// One image on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Name of its partition in the GPT.
    pub partition: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of these bytes.
    pub sha256: [u8; 32],
}

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// GUID of the medium's GPT, lower case, the identity of the image.
    pub disk_guid: String,
    /// When the image was made, in seconds since 1970: no machine that boots it lives before that.
    pub built: u64,
    /// The root of the installing system.
    pub stage2: Image,
    /// The system that is on the medium, if any is: otherwise it is built while it is installed.
    pub closure: Option<Closure>,
}

/// A system on the medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// What to unpack.
    pub image: Image,
    /// Bytes when unpacked.
    pub content: u64,
    /// The system to install, a store path.
    pub toplevel: String,
    /// The commit of the repository in the image, if it has one: a git bundle with `HEAD` and one branch.
    pub commit: Option<String>,
}

impl Manifest {
    /// The manifest that came with this `init`.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn of_this_initrd() -> Result<Manifest> {
        Manifest::parse(&read_to_string(PATH).doing(Kind::Medium, || format!("reading {PATH}"))?)
    }

    /// What the root file system will have to hold, in bytes, as far as that is known.
    pub fn content(&self) -> u64 {
        self.closure.as_ref().map_or(SMALLEST_SYSTEM, |closure| closure.content)
    }

    /// What of a system is on the medium.
    pub fn carried(&self) -> Carried<'_> {
        let Some(closure) = &self.closure else { return Carried::default() };
        Carried { toplevel: Some(&closure.toplevel), commit: closure.commit.as_deref() }
    }

    /// Reads the manifest's text.
    ///
    /// # Errors
    /// A line is missing or not understood.
    pub fn parse(text: &str) -> Result<Manifest> {
        let wrong = |what: &str| Error::new(Kind::Medium, format!("reading {PATH}"), format!("{what} is missing or damaged"));
        let value = |key: &str| text.lines().filter_map(|line| line.split_once('=')).find(|(k, _)| *k == key).map(|(_, v)| v);
        let image = |name: &str, partition: &'static str| {
            let bytes = value(&format!("{name}.size")).and_then(|v| v.parse().ok()).ok_or_else(|| wrong(&format!("{name}.size")))?;
            let sha256 = value(&format!("{name}.sha256")).and_then(digest).ok_or_else(|| wrong(&format!("{name}.sha256")))?;
            Ok(Image { partition, bytes, sha256 })
        };
        let hash = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        let commit = || value("closure.commit").map(|v| if hash(v) { Ok(v.into()) } else { Err(wrong("closure.commit")) }).transpose();
        let closure = || {
            Ok(Closure {
                image: image("closure", "AI-CLOSURE")?,
                content: value("closure.content").and_then(|v| v.parse().ok()).ok_or_else(|| wrong("closure.content"))?,
                toplevel: value("toplevel").filter(|v| v.starts_with("/nix/store/")).ok_or_else(|| wrong("toplevel"))?.into(),
                commit: commit()?,
            })
        };
        let any = text.lines().any(|line| line.starts_with("closure.") || line.starts_with("toplevel="));
        Ok(Manifest {
            disk_guid: value("diskGuid").filter(|v| v.len() == 36).ok_or_else(|| wrong("diskGuid"))?.to_ascii_lowercase(),
            built: value("built").and_then(|v| v.parse().ok()).ok_or_else(|| wrong("built"))?,
            stage2: image("stage2", "AI-STAGE2")?,
            closure: any.then(closure).transpose()?,
        })
    }
}

/// 64 hexadecimal digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        let hex = "0123456789abcdef".repeat(4);
        format!(
            "diskGuid=0A0B0C0D-1111-4222-8333-444455556666\nbuilt=1700000000\nstage2.size=37000000\nstage2.sha256={hex}\n\
             closure.size=99\nclosure.sha256={hex}\nclosure.content=1000\ntoplevel=/nix/store/abc-nixos-system\n"
        )
    }

    #[test]
    fn a_whole_manifest() {
        let manifest = Manifest::parse(&text()).unwrap();
        assert_eq!(manifest.disk_guid, "0a0b0c0d-1111-4222-8333-444455556666");
        assert_eq!((manifest.stage2.bytes, manifest.stage2.sha256[0], manifest.stage2.sha256[31]), (37_000_000, 0x01, 0xef));
        assert_eq!((manifest.closure.as_ref().unwrap().image.partition, manifest.content()), ("AI-CLOSURE", 1000));
    }

    #[test]
    fn every_line_is_needed() {
        for line in text().lines() {
            let (key, _) = line.split_once('=').unwrap();
            let without = text().replace(line, "");
            let damaged = text().replace(line, &format!("{key}=zz"));
            for broken in [without, damaged] {
                let error = Manifest::parse(&broken).unwrap_err().to_string();
                assert_eq!(error, format!("reading /etc/autoinstaller/medium: {key} is missing or damaged"));
            }
        }
    }

    #[test]
    fn a_medium_without_a_system() {
        let bare: String = text().lines().take(4).map(|line| format!("{line}\n")).collect();
        let manifest = Manifest::parse(&bare).unwrap();
        assert_eq!((manifest.carried().toplevel, manifest.content()), (None, SMALLEST_SYSTEM));
    }

    #[test]
    fn a_medium_with_a_repository() {
        let with = |commit: &str| Manifest::parse(&format!("{}closure.commit={commit}\n", text()));
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(with(commit).unwrap().carried().commit, Some(commit));
        assert_eq!(Manifest::parse(&text()).unwrap().carried().commit, None);
        assert_eq!(with("main").unwrap_err().to_string(), "reading /etc/autoinstaller/medium: closure.commit is missing or damaged");
    }
}
