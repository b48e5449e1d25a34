//! `cargo xtask kit`: puts secrets and settings on the kit partition of a medium, an image or a stick, lists and removes them. It mounts
//! nothing. What it writes is judged by `init`'s own parsers first, and what is nobody else's business must not be readable by others.

mod words;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use init::settings::kit::{self, MANIFEST, Origin};
use init::settings::{Settings, Source};

use crate::fat::Fat;
use crate::image::medium::LABELS;
use crate::vm::gpt_map;
use crate::{cache, prerequisites};
use words::{Add, Put, Request};

/// Everything that [`run`] ever writes.
const OURS: [&str; 6] = ["age", "ssh", "luks.key", "settings", "files", MANIFEST];

/// The verb.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let request = words::parse(words)?;
    prerequisites::ensure(&[prerequisites::KIT])?;
    match request {
        Request::Add(medium, add) => self::add(&open(&medium)?, &add)?,
        Request::List(medium) => open(&medium)?.files()?.iter().for_each(|name| println!("{name}")),
        Request::Wipe(medium) => wipe(&open(&medium)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The kit partition of a medium of ours, which nobody has mounted.
fn open(medium: &Path) -> Result<Fat> {
    let subject = || format!("looking at {}", medium.display());
    for label in &LABELS[..3] {
        gpt_map::partition(medium, label).with_context(|| format!("{}: this is no medium of the installer", subject()))?;
    }
    let path = medium.canonicalize().with_context(subject)?;
    let mounts = fs::read_to_string("/proc/self/mounts").with_context(subject)?;
    let path_text = path.to_string_lossy();
    ensure!(!mounts.lines().any(|line| line.starts_with(&*path_text)), "{}: it is mounted; unmount it first", subject());
    Ok(Fat::at(&path, gpt_map::partition(medium, LABELS[1])?.start))
}

fn add(fat: &Fat, add: &Add) -> Result<()> {
    for Put { source, name, private } in &add.puts {
        let found = fs::metadata(source).with_context(|| format!("reading {}", source.display()))?;
        ensure!(found.is_file(), "reading {}: it is not a file", source.display());
        let open = *private && found.mode() & 0o077 != 0;
        ensure!(!open, "reading {} for {name}: others can read it: chmod 600 it first", source.display());
        if name == "settings" {
            let text = fs::read_to_string(source).with_context(|| format!("reading {}", source.display()))?;
            Settings::check(&Source::file(&source.display().to_string(), &text))?;
        }
    }
    let old = if fat.has(MANIFEST)? { fat.text(MANIFEST)? } else { String::new() };
    let manifest = merged(&old, add);
    let mut names = fat.files()?;
    names.extend(add.puts.iter().map(|put| put.name.clone()));
    names.sort();
    names.dedup();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    kit::inventory(Origin::Kit, &names, &manifest, add.host.as_deref().unwrap_or_default())?;
    for Put { source, name, .. } in &add.puts {
        fat.put(name, source)?;
        println!("wrote {name} from {}", source.display());
    }
    if manifest != old {
        with_temporary("manifest", |work| {
            let file = work.join(MANIFEST);
            fs::write(&file, &manifest).with_context(|| format!("writing {}", file.display()))?;
            fat.put(MANIFEST, &file)
        })?;
        println!("wrote {MANIFEST}");
    }
    Ok(())
}

/// The manifest with the lines of files that are new, and without older lines of those.
fn merged(old: &str, add: &Add) -> String {
    let of_new = |line: &&str| {
        add.puts.iter().any(|put| put.name.strip_prefix("files/").is_some_and(|path| line.splitn(3, ' ').nth(2) == Some(path)))
    };
    let kept = old.lines().filter(|line| !of_new(line));
    kept.chain(add.lines.iter().map(String::as_str)).map(|line| format!("{line}\n")).collect()
}

/// Has `work` done in a new directory that nobody else can write to, and which goes in any case. This verb works without a build directory.
fn with_temporary(name: &str, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let directory = std::env::temp_dir().join(format!("autoinstaller-{name}-{}", std::process::id()));
    // One that is there may be somebody's trap.
    fs::DirBuilder::new().mode(0o700).create(&directory).with_context(|| format!("making {}", directory.display()))?;
    let worked = work(&directory);
    cache::remove(&directory).and(worked)
}

fn wipe(fat: &Fat) -> Result<()> {
    for name in OURS {
        if fat.has(name)? {
            fat.remove(name)?;
            println!("removed {name}");
        }
    }
    with_temporary("zeros", |work| fat.clear_free(&work.join("zeros")))?;
    println!("what is free was overwritten; a stick may keep old copies in places that nobody can reach");
    for name in OURS {
        if fat.has(name)? {
            bail!("removing {name}: it is still there");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{File, Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::command::{self, tool};
    use crate::vm::disk::scratch;
    use crate::vm::sparse;

    fn words(line: &str) -> Add {
        let words: Vec<String> = line.split(' ').map(Into::into).collect();
        match words::parse(&words).unwrap() {
            Request::Add(_, add) => add,
            _ => panic!("another verb"),
        }
    }

    #[test]
    fn a_newer_line_takes_the_place_of_the_older() {
        let add = words("add x --file a:etc/a:0640:0:100 --file b:etc/b");
        assert_eq!(merged("# who\n0600 0:0 etc/a\n0644 1:1 etc/b\n0644 1:1 etc/c\n", &add), "# who\n0644 1:1 etc/c\n0640 0:100 etc/a\n");
    }

    #[test]
    fn only_media_of_ours_are_opened() {
        let dir = scratch("kit-other");
        File::create(dir.join("x")).and_then(|file| file.set_len(1 << 20)).unwrap();
        assert!(open(&dir.join("x")).err().unwrap().to_string().ends_with("this is no medium of the installer"));
    }

    #[test]
    fn what_is_made_by_the_way_is_nobody_else_s_and_goes() {
        let mut place = None;
        let failed = with_temporary("test", |work| {
            assert_eq!(fs::metadata(work)?.mode() & 0o777, 0o700);
            let trap = with_temporary("test", |_| unreachable!()).unwrap_err().to_string();
            assert_eq!(trap, format!("making {}", work.display()));
            place = Some(work.to_path_buf());
            bail!("wiping: no")
        });
        assert_eq!(failed.unwrap_err().to_string(), "wiping: no");
        assert!(!place.unwrap().exists());
    }

    #[test]
    #[ignore = "needs mtools and mkfs.vfat"]
    fn what_is_put_there_is_listed_and_what_is_removed_is_nowhere() {
        let dir = scratch("kit-fat");
        let (image, key) = (dir.join("kit.img"), dir.join("a.agekey"));
        File::create(&image).and_then(|file| file.set_len(16 << 20)).unwrap();
        command::run("formatting", tool("mkfs.vfat").args(["-F", "16"]).arg(&image)).unwrap();
        let fat = Fat::at(&image, 0);
        fs::write(&key, "AGE-SECRET-KEY-1").unwrap();
        let line = format!("add x --age {0} --file {0}:home/alice/key:0640:0:100", key.display());
        set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
        let error = add(&fat, &words(&line)).unwrap_err().to_string();
        assert!(error.ends_with(": others can read it: chmod 600 it first"), "{error}");
        set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        add(&fat, &words(&line)).unwrap();
        add(&fat, &words(&line)).unwrap();
        let mut files = fat.files().unwrap();
        files.sort();
        assert_eq!(files, ["age/a.agekey", "files.manifest", "files/home/alice/key"]);
        assert_eq!(fat.text(MANIFEST).unwrap(), "0640 0:100 home/alice/key\n");
        assert_eq!(fat.text("age/a.agekey").unwrap(), "AGE-SECRET-KEY-1");
        assert!(sparse::find(&image, b"AGE-SECRET-KEY-1").unwrap().is_some());
        wipe(&fat).unwrap();
        assert_eq!(fat.files().unwrap(), [""; 0]);
        assert_eq!(sparse::find(&image, b"AGE-SECRET-KEY-1").unwrap(), None);
        let escape = words(&format!("add x --file {}:../x", key.display()));
        assert!(add(&fat, &escape).unwrap_err().to_string().contains("is not a path below /"));
    }
}
