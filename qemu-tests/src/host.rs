//! The settings of a host: `hosts/HOST/installer.nix` evaluated through `nix/host-file.nix`.
//! Must not know a single key: what a setting may be is said by the parser in `init`.

pub mod extra_files;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::nix::Nix;

/// What the initrd carries about a host.
#[derive(Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// `key=value` lines.
    pub settings: String,
    /// Free text shown on the consoles.
    pub banner: Option<String>,
    /// A script, run in the initrd before disks are looked at.
    pub boot_commands: Option<String>,
    /// Scripts, run in this order on the mounted root.
    pub post_mount_commands: Vec<String>,
    /// Modules that the initrd carries beside those of every host.
    pub kernel_modules: Vec<String>,
    /// Files for the new root, by their names below `/etc/autoinstaller`, with the manifest of them.
    pub extra_files: Vec<(String, Vec<u8>)>,
}

impl HostSettings {
    /// What goes below `/etc/autoinstaller`: names and contents.
    pub fn files(&self) -> Vec<(String, &[u8])> {
        let mut files = vec![("settings".to_owned(), self.settings.as_bytes())];
        files.extend(self.banner.as_deref().map(|banner| ("banner".to_owned(), banner.as_bytes())));
        files.extend(self.boot_commands.as_deref().map(|commands| ("boot-commands".to_owned(), commands.as_bytes())));
        let scripts = (1..).zip(&self.post_mount_commands);
        files.extend(scripts.map(|(number, script): (u32, _)| (format!("post-mount-commands/{number:02}"), script.as_bytes())));
        files.extend(self.extra_files.iter().map(|(name, content)| (name.clone(), content.as_slice())));
        files
    }
}

/// Evaluates the settings of `host`.
///
/// # Errors
/// If there is no such host (the message lists those there are), or its settings cannot be evaluated.
pub fn settings(nix: &Nix, host: &str) -> Result<HostSettings> {
    let hosts = nix.repository().join("hosts");
    check_name(host)?;
    check_exists(&hosts, host)?;
    let file = nix.inside(&hosts.join(host).join("installer.nix"))?;
    let reader = nix.inside(&nix.repository().join("nix/host-file.nix"))?;
    let expression = format!("import {reader} {file}");
    // Files of the host are put into the store.
    let arguments = ["--eval", "--read-write-mode", "--strict", "--json", "--expr", &expression];
    let json = nix.run("nix-instantiate", &arguments).with_context(|| format!("evaluating hosts/{host}/installer.nix"))?;
    parse(&json, &|path| nix.outside(path)).with_context(|| format!("reading the settings of {host}"))
}

/// Host names become file names and flake attributes: letters, digits and `-` only.
///
/// # Errors
/// If `host` is anything else.
pub fn check_name(host: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    ensure!(!host.is_empty() && host.chars().all(good), "naming a host {host:?}: only letters, digits and - are allowed");
    Ok(())
}

fn check_exists(hosts: &Path, host: &str) -> Result<()> {
    if hosts.join(host).join("installer.nix").is_file() {
        return Ok(());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(hosts).with_context(|| format!("reading {}", hosts.display()))? {
        let entry = entry.with_context(|| format!("reading {}", hosts.display()))?;
        if entry.path().join("installer.nix").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    bail!("finding host {host}: there is no hosts/{host}/installer.nix (hosts: {})", names.join(", "));
}

fn parse(json: &str, outside: &dyn Fn(&Path) -> PathBuf) -> Result<HostSettings> {
    of_value(&serde_json::from_str(json)?, outside)
}

/// What `nix/settings.nix` makes of a host's options; `outside` says where a store path is.
///
/// # Errors
/// If it is something else, or a file for the new root cannot be placed there.
pub fn of_value(value: &serde_json::Value, outside: &dyn Fn(&Path) -> PathBuf) -> Result<HostSettings> {
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let list = |name: &str, option: &str| {
        let elements = value[name].as_array().into_iter().flatten().map(|element| element.as_str().map(str::to_owned));
        elements.collect::<Option<Vec<String>>>().with_context(|| format!("reading {option}: not a list of strings"))
    };
    Ok(HostSettings {
        settings: text("settings").context("finding the settings: not a string")?,
        banner: text("banner"),
        boot_commands: text("bootCommands"),
        post_mount_commands: list("postMountCommands", "extraPostMountCommands")?,
        kernel_modules: list("kernelModules", "extraInitrdKernelModules")?,
        extra_files: extra_files::read(&value["extraFiles"], outside)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leaves_the_directory_is_refused() {
        for name in ["", "..", "a/b", "a b", "ü"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("stygian-library2").is_ok());
    }

    #[test]
    fn an_unknown_host_lists_those_there_are() {
        let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosts");
        let refusal = check_exists(&hosts, "ultraviolt").unwrap_err().to_string();
        assert!(refusal.starts_with("finding host ultraviolt: "), "{refusal}");
        assert!(refusal.contains("ultraviolet"), "{refusal}");
        assert!(check_exists(&hosts, "ultraviolet").is_ok());
    }

    #[test]
    fn a_missing_banner_is_none() {
        let json =
            r#"{"banner":null,"settings":"targetHost=a\n","bootCommands":"x","postMountCommands":["true","false"],"kernelModules":["m"]}"#;
        let parse = |json| parse(json, &Path::to_path_buf);
        let read = parse(json).unwrap();
        assert_eq!(read.banner, None);
        let files = read.files();
        let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), std::str::from_utf8(text).unwrap())).collect();
        let scripts = [("post-mount-commands/01", "true"), ("post-mount-commands/02", "false")];
        assert_eq!(named, [&[("settings", "targetHost=a\n"), ("boot-commands", "x")][..], &scripts].concat());
        assert_eq!(read.kernel_modules, ["m"]);
        let error = parse(r#"{"settings":"","kernelModules":[1]}"#).unwrap_err().to_string();
        assert_eq!(error, "reading extraInitrdKernelModules: not a list of strings");
    }
}
