//! `cargo xtask iso --parts FILE`: makes a medium of parts that are there already, as a Nix build has them. Asks nobody else: no apt, no
//! cargo, no Nix, no network. The programs it calls are those of PATH, and what it makes by the way lies in the build directory
//! (`CARGO_TARGET_DIR`).
//!
//! The file is the JSON that `nix/iso.nix` writes; its keys are the fields of [`Given`]. The names of store paths are where things are, and
//! must not have a say in the medium's bytes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use init::settings::{Settings, Source};
use serde_json::Value;

use crate::host::{self, HostSettings};
use crate::image::build::{Made, Request, build};
use crate::image::init_binary;
use crate::parts::Parts;
use crate::{bundle, cache, closure};

/// Where store paths are, unless somebody says otherwise.
pub const STORE: &str = "/nix/store";

/// What the file says.
struct Given {
    /// `host`: the host's name.
    host: String,
    /// `settings`: what `nix/settings.nix` makes of its options.
    settings: HostSettings,
    /// `init`: the program.
    init: PathBuf,
    /// `kernel`, `kernelConfig`, `modules`, `built`, `programs`, `loader`, `grub`; of stage-2 its root, `stage2`, a list of store paths for
    /// it, `stage2Paths`, and `standIns`, both of which may be left out.
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
pub fn iso(file: &Path, store: &Path, repository: Option<&Path>, out: &Path) -> Result<Made> {
    let reading = || format!("reading {}", file.display());
    let given = Given::parse(&fs::read_to_string(file).with_context(reading)?, store).with_context(reading)?;
    let parsed = Settings::read(&[Source::file(&format!("the settings of {}", given.host), &given.settings.settings)])?;
    ensure!(!parsed.prebuilt || given.closure.is_some(), "{}: the host is prebuilt, and there is no closure", reading());
    init_binary::check(&given.init)?;
    ensure!(parsed.prebuilt || repository.is_none(), "bundling a repository: {} clones its own while it is installed", given.host);
    let place = |kind: &str| Ok::<_, anyhow::Error>(cache::directory("iso")?.join(format!("{}-given.{kind}", given.host)));
    let bundle = repository.map(|work_tree| bundle::make(work_tree, &place("bundle")?)).transpose()?;
    let image = place("closure")?;
    let closure = given.closure.as_ref().map(|(toplevel, registration)| {
        let registration = text(registration)?;
        closure::registered(toplevel, &registration, &|path| located(store, path), &image, bundle.as_ref())
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
    print!("{}", made.sizes);
    println!("medium of {}: {} with disk GUID {}", given.host, out.display(), made.disk_guid);
    Ok(made)
}

/// The file of a store path, or any other as it is.
fn located(store: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(STORE).map_or_else(|_| path.to_path_buf(), |inside| store.join(inside))
}

fn text(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))
}

impl Given {
    fn parse(text: &str, store: &Path) -> Result<Given> {
        let value: Value = serde_json::from_str(text)?;
        let word = |value: &Value, key: &str| {
            let word = value[key].as_str().filter(|word| !word.is_empty());
            word.map(str::to_owned).with_context(|| format!("`{key}` is missing"))
        };
        let maybe = |key: &str| value[key].as_str().map(|path| located(store, Path::new(path)));
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
            stage2_store: maybe("stage2Paths").map(|list| paths(&list, store, &stage2)).transpose()?.unwrap_or_default(),
            stage2,
            stand_ins: maybe("standIns"),
        };
        let files = value["files"].as_object().into_iter().flatten();
        let files = files.map(|(name, path)| match path.as_str() {
            Some(path) if !name.contains('/') => Ok((name.clone(), located(store, Path::new(path)))),
            _ => bail!("`files`: {name} is not the name of a file with a path"),
        });
        let closure = match &value["closure"] {
            Value::Null => None,
            closure => Some((word(closure, "toplevel")?, located(store, Path::new(&word(closure, "registration")?)))),
        };
        Ok(Given {
            host,
            settings: host::of_value(&value["settings"]).context("`settings`")?,
            init: path("init")?,
            parts,
            files: files.collect::<Result<_>>()?,
            closure,
        })
    }
}

/// The store paths of a list, where they are; without the root itself, which is laid out and not carried.
fn paths(list: &Path, store: &Path, root: &Path) -> Result<Vec<PathBuf>> {
    let text = text(list)?;
    let mut paths: Vec<PathBuf> = text.lines().map(|path| located(store, Path::new(path))).filter(|path| path != root).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key, but for those that may be left out.
    const LEAST: &str = r#"{"host":"a","settings":{"settings":"targetHost=a\n"},"init":"/nix/store/i/bin/init","kernel":"/k","kernelConfig":"/c",
        "modules":"/nix/store/m","built":7,"programs":"/p","loader":"/l","grub":"/g","stage2":"/s"}"#;

    fn parsed(text: &str) -> Result<Given> {
        Given::parse(text, Path::new("/elsewhere"))
    }

    #[test]
    fn store_paths_are_looked_for_where_the_store_is() {
        let given = parsed(LEAST).unwrap();
        assert_eq!(given.init, Path::new("/elsewhere/i/bin/init"));
        assert_eq!((given.parts.kernel, given.parts.built), (PathBuf::from("/k"), 7));
        assert!(given.closure.is_none() && given.files.is_empty() && given.parts.stage2_store.is_empty());
        let more = LEAST.replace(
            "\"built\"",
            r#""files":{"deploy-key":"/nix/store/d"},"closure":{"toplevel":"/nix/store/t","registration":"/nix/store/r"},"built""#,
        );
        let given = parsed(&more).unwrap();
        assert_eq!(given.files, [("deploy-key".to_owned(), PathBuf::from("/elsewhere/d"))]);
        // The installed system knows its own name for it.
        assert_eq!(given.closure, Some(("/nix/store/t".to_owned(), "/elsewhere/r".into())));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |from: &str, to: &str| format!("{:#}", parsed(&LEAST.replace(from, to)).err().unwrap());
        assert_eq!(error(r#""grub":"/g","#, ""), "`grub` is missing");
        assert_eq!(error(r#""built":7"#, r#""built":"7""#), "`built` is missing");
        assert_eq!(error(r#""init":"/nix/store/i/bin/init","#, ""), "`init` is missing");
        assert_eq!(error(r#"{"settings":"targetHost=a\n"}"#, "{}"), "`settings`: finding the settings: not a string");
        assert_eq!(error(r#""built""#, r#""closure":{},"built""#), "`toplevel` is missing");
        assert_eq!(error(r#""built""#, r#""files":{"a/b":"/x"},"built""#), "`files`: a/b is not the name of a file with a path");
    }
}
