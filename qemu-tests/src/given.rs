//! `cargo xtask iso --parts FILE`: makes a medium of parts that are there already, as a Nix build has them. Asks nobody else: no apt, no
//! cargo, no Nix, no network. The programs it calls are those of PATH, and what it makes by the way lies in the build directory
//! (`CARGO_TARGET_DIR`).
//!
//! The file is the JSON that `nix/iso.nix` writes; its keys are the fields of [`Given`]. Where parts lie must not have a say in the medium's
//! bytes, unless they have it in themselves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use init::settings::{Settings, Source};
use serde_json::Value;

use crate::host::{self, HostSettings};
use crate::image::build::{Request, build};
use crate::image::init_binary;
use crate::parts::Parts;
use crate::{bundle, cache, closure};

/// What the file says.
struct Given {
    /// `host`: the host's name.
    host: String,
    /// `settings`: what `nix/settings.nix` makes of its options.
    settings: HostSettings,
    /// `init`: the program.
    init: PathBuf,
    /// `kernel`, `kernelConfig`, `modules`, `built`, `programs`, `loader`, `grub`; of stage-2 its root, `stage2`, and a list of store paths
    /// for it, `stage2Paths`, which may be left out.
    parts: Parts,
    /// `files`: of the initrd, below /etc/autoinstaller, by their names there.
    files: Vec<(String, PathBuf)>,
    /// `closure`: the system, `toplevel`, and the registration of its closure, `registration`; null where it is built when it is installed.
    closure: Option<(String, PathBuf)>,
}

/// Makes the medium, and prints where its bytes are. Of `repository`, a work tree of git, a clone is left, if there is one.
///
/// # Errors
/// The file is not what it should be, its settings are refused by the parser of `init`, or a part is missing.
pub fn iso(file: &Path, repository: Option<&Path>, out: &Path) -> Result<()> {
    let reading = || format!("reading {}", file.display());
    let given = Given::parse(&text(file)?).with_context(reading)?;
    let parsed = Settings::read(&[Source::file(&format!("the settings of {}", given.host), &given.settings.settings)])?;
    ensure!(!parsed.prebuilt || given.closure.is_some(), "{}: the host is prebuilt, and there is no closure", reading());
    init_binary::check(&given.init)?;
    ensure!(parsed.prebuilt || repository.is_none(), "bundling a repository: {} clones its own while it is installed", given.host);
    let place = |kind: &str| Ok::<_, anyhow::Error>(cache::directory("iso")?.join(format!("{}-given.{kind}", given.host)));
    let bundle = repository.map(|work_tree| bundle::make(work_tree, &place("bundle")?)).transpose()?;
    let image = place("closure")?;
    let closure = given.closure.as_ref().map(|(toplevel, registration)| {
        let registration = text(registration)?;
        closure::registered(toplevel, &registration, &Path::to_path_buf, &image, bundle.as_ref())
    });
    let closure = closure.transpose()?;
    let files = given.files.iter().map(|(name, file)| Ok((name.clone(), text(file)?))).collect::<Result<Vec<_>>>()?;
    let made = build(
        &given.parts,
        &Request {
            name: &format!("{}-given", given.host),
            settings: &given.settings,
            parsed: &parsed,
            closure: closure.as_ref().map(|closure| (closure, image.as_path())),
            files: &files,
            init: &given.init,
            stage2_overlay: None,
            out: Some(out),
            any_size: true,
        },
    )?;
    print!("{made}");
    println!("medium of {}: {} with disk GUID {}", given.host, out.display(), made.disk_guid);
    Ok(())
}

fn text(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

impl Given {
    fn parse(text: &str) -> Result<Given> {
        let value: Value = serde_json::from_str(text)?;
        let word = |value: &Value, key: &str| {
            let word = value[key].as_str().filter(|word| !word.is_empty());
            word.map(str::to_owned).with_context(|| format!("`{key}` is missing"))
        };
        let maybe = |key: &str| value[key].as_str().map(PathBuf::from);
        let path = |key: &str| maybe(key).with_context(|| format!("`{key}` is missing"));
        let host = word(&value, "host")?;
        host::check_name(&host)?;
        let stage2 = path("stage2")?;
        let parts = Parts {
            kernel: path("kernel")?,
            kernel_config: path("kernelConfig")?,
            modules: path("modules")?,
            built: value["built"].as_u64().context("`built` is missing")?,
            programs: path("programs")?,
            loader: path("loader")?,
            grub: path("grub")?,
            stage2_store: maybe("stage2Paths").map(|list| paths(&list, &stage2)).transpose()?.unwrap_or_default(),
            stage2,
            stand_ins: None,
        };
        let files = value["files"].as_object().into_iter().flatten();
        let files = files.map(|(name, path)| match path.as_str() {
            Some(path) if !name.contains('/') => Ok((name.clone(), path.into())),
            _ => bail!("`files`: {name} is not the name of a file with a path"),
        });
        let closure = match &value["closure"] {
            Value::Null => None,
            closure => Some((word(closure, "toplevel")?, word(closure, "registration")?.into())),
        };
        Ok(Given {
            host,
            settings: host::of_value(&value["settings"], &Path::to_path_buf).context("`settings`")?,
            init: path("init")?,
            parts,
            files: files.collect::<Result<_>>()?,
            closure,
        })
    }
}

/// The store paths of a list; without the root itself, which is laid out and not carried.
fn paths(list: &Path, root: &Path) -> Result<Vec<PathBuf>> {
    let text = text(list)?;
    let mut paths: Vec<PathBuf> = text.lines().map(PathBuf::from).filter(|path| path != root).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key, but for those that may be left out.
    const LEAST: &str = r#"{"host":"a","settings":{"settings":"targetHost=a\n"},"init":"/nix/store/i/bin/init","kernel":"/k","kernelConfig":"/c",
        "modules":"/nix/store/m","built":7,"programs":"/p","loader":"/l","grub":"/g","stage2":"/s"}"#;

    #[test]
    fn every_key_is_read() {
        let given = Given::parse(LEAST).unwrap();
        assert_eq!((given.init, given.parts.kernel, given.parts.built), ("/nix/store/i/bin/init".into(), PathBuf::from("/k"), 7));
        assert!(given.closure.is_none() && given.files.is_empty() && given.parts.stage2_store.is_empty());
        let more = LEAST.replace(
            "\"built\"",
            r#""files":{"deploy-key":"/nix/store/d"},"closure":{"toplevel":"/nix/store/t","registration":"/nix/store/r"},"built""#,
        );
        let given = Given::parse(&more).unwrap();
        assert_eq!(given.files, [("deploy-key".to_owned(), PathBuf::from("/nix/store/d"))]);
        assert_eq!(given.closure, Some(("/nix/store/t".to_owned(), "/nix/store/r".into())));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |from: &str, to: &str| format!("{:#}", Given::parse(&LEAST.replace(from, to)).err().unwrap());
        assert_eq!(error(r#""grub":"/g","#, ""), "`grub` is missing");
        assert_eq!(error(r#""built":7"#, r#""built":"7""#), "`built` is missing");
        assert_eq!(error(r#""init":"/nix/store/i/bin/init","#, ""), "`init` is missing");
        assert_eq!(error(r#"{"settings":"targetHost=a\n"}"#, "{}"), "`settings`: finding the settings: not a string");
        let unplaced = r#"{"settings":"targetHost=a\n","extraFiles":[{"path":"x"}]}"#;
        assert_eq!(error(r#"{"settings":"targetHost=a\n"}"#, unplaced), "`settings`: extraFiles: x: it is not an absolute path");
        assert_eq!(error(r#""built""#, r#""closure":{},"built""#), "`toplevel` is missing");
        assert_eq!(error(r#""built""#, r#""files":{"a/b":"/x"},"built""#), "`files`: a/b is not the name of a file with a path");
    }
}
