//! `cargo xtask iso HOST`: makes the medium of one host. Other verbs call [`of_host`].

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use init::settings::{Settings, Source};

use crate::image::Image;
use crate::image::build::{Request, build};
use crate::kernel::{self, Choice};
use crate::nix::Nix;
use crate::{cache, closure, debian, host, prerequisites};

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    host: String,
    out: Option<PathBuf>,
    stage2_overlay: Option<PathBuf>,
    files: Vec<(&'static str, PathBuf)>,
    kernel: Choice,
}

/// What a medium gets beside what its host says.
#[derive(Debug, Default)]
pub struct More {
    /// Lines of settings.
    pub settings: String,
    /// Files below /etc/autoinstaller, with their text.
    pub files: Vec<(String, String)>,
    /// The kernel that it boots.
    pub kernel: Choice,
}

/// Files that are read here, and where they go in the initrd.
const FILES: [(&str, &str); 2] = [("--deploy-key", "deploy-key"), ("--certificates", "certificates.pem")];

/// The verb: `iso HOST [--out FILE] [--stage2-overlay DIR] [--deploy-key FILE] [--certificates FILE] [--kernel own]`.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let options = parse(words)?;
    options.out.as_deref().map_or(Ok(()), check_out)?;
    prerequisites::ensure(&[prerequisites::ISO])?;
    let text = |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()));
    let files = options.files.iter().map(|(name, file)| Ok(((*name).to_owned(), text(file)?))).collect::<Result<_>>()?;
    let more = More { files, kernel: options.kernel, ..More::default() };
    let image = of_host(&options.host, options.stage2_overlay.as_deref(), options.out.as_deref(), &more)?;
    println!("{}", image.iso.display());
    Ok(ExitCode::SUCCESS)
}

/// Evaluates the host, builds its system, makes the medium, and prints where the bytes are.
///
/// # Errors
/// There is no such host, its settings are refused by the parser of `init`, or something cannot be built.
pub fn of_host(host: &str, stage2_overlay: Option<&Path>, out: Option<&Path>, more: &More) -> Result<Image> {
    let parts = debian::parts()?;
    let nix = Nix::new(&parts.stage2, &cache::root())?;
    let mut settings = host::settings(&nix, host)?;
    settings.settings += &more.settings;
    let parsed = Settings::read(&[Source::file(&format!("the settings of hosts/{host}/installer.nix"), &settings.settings)])?;
    let closure_image = cache::directory("iso")?.join(format!("{host}.closure"));
    let built = parsed.prebuilt.then(|| closure::build(&nix, &parts, host, &closure_image)).transpose()?;
    let closure = built.as_ref().map(|closure| (closure, closure_image.as_path()));
    let parts = kernel::chosen(more.kernel, parts)?;
    let variant = more.kernel.suffix();
    let request = Request { host, variant, settings: &settings, parsed: &parsed, closure, files: &more.files, stage2_overlay, out };
    let (image, sizes) = build(&parts, &request)?;
    print!("{sizes}");
    println!("medium of {host}: {} with disk GUID {}", image.iso.display(), image.disk_guid);
    Ok(image)
}

/// The finished image takes the place of what is there, which must not be a device node or a link to one: a stick is
/// written with `dd`, by a person who has looked twice.
fn check_out(out: &Path) -> Result<()> {
    let writing = || format!("writing {}", out.display());
    if let Ok(found) = out.symlink_metadata() {
        ensure!(found.is_file(), "{}: it is not a regular file; name one, and copy it to the stick with dd", writing());
    }
    let directory = std::path::absolute(out).with_context(writing)?.parent().map(Path::to_path_buf).unwrap_or_default();
    ensure!(directory.is_dir(), "{}: there is no directory {}", writing(), directory.display());
    Ok(())
}

fn parse(words: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut open = &words[..];
    while let [word, after @ ..] = open {
        open = match (*word, after) {
            ("--out", [file, rest @ ..]) => {
                options.out = Some(file.into());
                rest
            }
            ("--kernel", [choice, rest @ ..]) => {
                options.kernel = choice.parse()?;
                rest
            }
            ("--stage2-overlay", [directory, rest @ ..]) => {
                options.stage2_overlay = Some(directory.into());
                rest
            }
            (option, [file, rest @ ..]) if FILES.iter().any(|(known, _)| *known == option) => {
                options.files.extend(FILES.iter().filter(|(known, _)| *known == option).map(|(_, name)| (*name, file.into())));
                rest
            }
            ("--out" | "--kernel" | "--stage2-overlay" | "--deploy-key" | "--certificates", []) => {
                bail!("reading `{word}`: its value is missing")
            }
            (option, _) if option.starts_with('-') => bail!("reading `{option}`: iso has no such option"),
            (host, rest) if options.host.is_empty() => {
                host.clone_into(&mut options.host);
                rest
            }
            (second, _) => bail!("reading `{second}`: one host at a time"),
        };
    }
    ensure!(!options.host.is_empty(), "reading the command line: which host? `iso HOST`");
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options> {
        let words: Vec<String> = line.split(' ').map(Into::into).collect();
        parse(&words)
    }

    #[test]
    fn options_are_read_in_any_order() {
        let options = parsed("--out a.iso ultraviolet --stage2-overlay over").unwrap();
        assert_eq!(
            options,
            Options { host: "ultraviolet".into(), out: Some("a.iso".into()), stage2_overlay: Some("over".into()), ..Options::default() }
        );
        let files = parsed("a --deploy-key k --certificates c").unwrap().files;
        assert_eq!(parsed("a --kernel own").unwrap().kernel, Choice::Own);
        assert_eq!(files, [("deploy-key", "k".into()), ("certificates.pem", "c".into())]);
    }

    #[test]
    fn an_image_replaces_regular_files_alone() {
        let refusal = |out| check_out(Path::new(out)).unwrap_err().to_string();
        assert!(refusal("/dev/null").starts_with("writing /dev/null: it is not a regular file"));
        assert!(refusal("/tmp").starts_with("writing /tmp: it is not a regular file"));
        assert_eq!(refusal("/nowhere/a.iso"), "writing /nowhere/a.iso: there is no directory /nowhere");
        check_out(Path::new("a.iso")).unwrap();
        check_out(Path::new("Cargo.toml")).unwrap();
    }

    #[test]
    fn mistakes_are_named() {
        let error = |line| parsed(line).unwrap_err().to_string();
        assert_eq!(error("a --fast"), "reading `--fast`: iso has no such option");
        assert_eq!(error("a --out"), "reading `--out`: its value is missing");
        assert_eq!(error("a --deploy-key"), "reading `--deploy-key`: its value is missing");
        assert_eq!(error("a --kernel none"), "reading `--kernel none`: there are `stock` and `own`");
        assert_eq!(error("a b"), "reading `b`: one host at a time");
        assert_eq!(error("--out x"), "reading the command line: which host? `iso HOST`");
    }
}
