//! What the image builder hands to those who boot an image: where its parts lie.
//!
//! Must never build anything: this is the value between the builder and the virtual machines.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A finished image and what is needed to boot it and to judge what it installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The hybrid ISO, as it would be written to a stick.
    pub iso: PathBuf,
    /// The kernel that lies on the ISO, for booting without a boot loader.
    pub kernel: PathBuf,
    /// The initrd that lies on the ISO.
    pub initrd: PathBuf,
    /// The kernel command line of the ISO's boot entry.
    pub cmdline: String,
    /// UEFI firmware, read-only half.
    pub ovmf_code: PathBuf,
    /// UEFI firmware, template of the variable store.
    pub ovmf_vars: PathBuf,
    /// GUID of the ISO's GPT, lower case.
    pub disk_guid: String,
    /// Store path of the system that the ISO installs; empty when it is not prebuilt.
    pub toplevel: String,
    /// The unpacked stage-2 tree; its `nix-store` verifies installed stores.
    pub stage2_root: PathBuf,
    /// Host name of the system that the ISO installs.
    pub host: String,
}

impl Image {
    /// Reads a description: `key=value` lines, the keys are the fields in camel case.
    pub fn read(path: &Path) -> Result<Image> {
        let text = fs::read_to_string(path).with_context(|| format!("reading the image description {}", path.display()))?;
        Image::parse(&text).with_context(|| format!("reading the image description {}", path.display()))
    }

    fn parse(text: &str) -> Result<Image> {
        let mut values = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Some((key, value)) = line.split_once('=') else {
                bail!("line without `=`: {line}");
            };
            values.insert(key.trim(), value.trim().to_owned());
        }
        let mut take = |key: &str| values.remove(key).with_context(|| format!("no line `{key}=`"));
        let image = Image {
            iso: take("iso")?.into(),
            kernel: take("kernel")?.into(),
            initrd: take("initrd")?.into(),
            cmdline: take("cmdline")?,
            ovmf_code: take("ovmfCode")?.into(),
            ovmf_vars: take("ovmfVars")?.into(),
            disk_guid: take("diskGuid")?,
            toplevel: take("toplevel")?,
            stage2_root: take("stage2Root")?.into(),
            host: take("host")?,
        };
        match values.keys().next() {
            Some(key) => bail!("unknown key `{key}`"),
            None => Ok(image),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "iso=/a.iso\nkernel=/k\ninitrd=/i\ncmdline=console=ttyS0 quiet\novmfCode=/c\n\
        ovmfVars=/v\ndiskGuid=g\ntoplevel=/nix/store/t\nstage2Root=/s\nhost=ultraviolet\n";

    #[test]
    fn description_is_read() {
        let image = Image::parse(TEXT).unwrap();
        assert_eq!(image.cmdline, "console=ttyS0 quiet");
        assert_eq!(image.host, "ultraviolet");
    }

    #[test]
    fn missing_and_unknown_keys_are_errors() {
        let missing = Image::parse("iso=/a\n").unwrap_err();
        assert_eq!(missing.to_string(), "no line `kernel=`");
        let unknown = Image::parse(&format!("{TEXT}hots=x\n")).unwrap_err();
        assert_eq!(unknown.to_string(), "unknown key `hots`");
    }
}
