//! `cargo xtask iso HOST`: makes the medium of one host. Other verbs call [`of_host`]. With `--parts` everything comes from a file: see
//! [`crate::given`].

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use init::settings::{Settings, Source};

use crate::image::Image;
use crate::image::build::{Made, Request, build};
use crate::image::{init_binary, loader};
use crate::kernel::{self, Choice};
use crate::nix::Nix;
use crate::{bundle, cache, closure, debian, given, host, prerequisites};

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    host: String,
    parts: Option<PathBuf>,
    out: Option<PathBuf>,
    stage2_overlay: Option<PathBuf>,
    repository: Option<PathBuf>,
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
    /// A work tree of git, of which a clone is to be left. The medium has a system then.
    pub repository: Option<PathBuf>,
    /// The kernel that it boots.
    pub kernel: Choice,
}

/// Files that are read here, and where they go in the initrd.
const FILES: [(&str, &str); 2] = [("--deploy-key", "deploy-key"), ("--certificates", "certificates.pem")];

/// The verb: `iso HOST [--out FILE] [--stage2-overlay DIR] [--repo DIR] [--deploy-key FILE] [--certificates FILE]
/// [--kernel own]`, or
/// `iso --parts FILE [--repo DIR] --out FILE`.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let options = parse(words)?;
    options.out.as_deref().map_or(Ok(()), check_out)?;
    if let Some(parts) = &options.parts {
        let out = options.out.as_deref().context("reading the command line: with --parts the image needs a name, `--out FILE`")?;
        given::iso(parts, options.repository.as_deref(), out)?;
        return Ok(ExitCode::SUCCESS);
    }
    prerequisites::ensure(&[prerequisites::ISO])?;
    let text = |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()));
    let files = options.files.iter().map(|(name, file)| Ok(((*name).to_owned(), text(file)?))).collect::<Result<_>>()?;
    let more = More { files, repository: options.repository, kernel: options.kernel, ..More::default() };
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
    let name = format!("{host}{}", if more.repository.is_some() { "-clone" } else { "" });
    let place = |kind: &str| Ok::<_, anyhow::Error>(cache::directory("iso")?.join(format!("{name}.{kind}")));
    ensure!(parsed.prebuilt || more.repository.is_none(), "bundling a repository: {host} clones its own while it is installed");
    let bundle = more.repository.as_deref().map(|work_tree| bundle::make(work_tree, &place("bundle")?)).transpose()?;
    let closure_image = place("closure")?;
    let built = parsed.prebuilt.then(|| closure::build(&nix, &parts, host, &closure_image, bundle.as_ref())).transpose()?;
    let closure = built.as_ref().map(|closure| (closure, closure_image.as_path()));
    let parts = kernel::chosen(more.kernel, parts)?;
    let init = init_binary::build()?;
    let overlay = if stage2_overlay.is_some() { "-overlay" } else { "" };
    let name = format!("{name}{overlay}{}{}", more.kernel.suffix(), if more.files.is_empty() { "" } else { "-files" });
    let request = Request {
        name: &name,
        settings: &settings,
        parsed: &parsed,
        closure,
        files: &more.files,
        init: &init,
        stage2_overlay,
        out,
        any_size: false,
    };
    let made = build(&parts, &request)?;
    print!("{made}");
    println!("medium of {host}: {} with disk GUID {}", made.iso.display(), made.disk_guid);
    let Made { iso, initrd, disk_guid, commit, sizes } = made;
    let [ovmf_code, ovmf_vars] = debian::firmware()?;
    Ok(Image {
        iso,
        kernel: parts.kernel,
        initrd,
        initrd_unpacked: sizes.initrd(),
        cmdline: loader::COMMAND_LINE.to_owned(),
        ovmf_code,
        ovmf_vars,
        disk_guid,
        commit,
        toplevel: built.map(|closure| closure.toplevel).unwrap_or_default(),
        stage2_root: parts.stage2,
        settings_text: settings.settings,
        settings: parsed,
        loader: parts.loader,
    })
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
        let place = match *word {
            "--out" => Some(&mut options.out),
            "--parts" => Some(&mut options.parts),
            "--repo" => Some(&mut options.repository),
            "--stage2-overlay" => Some(&mut options.stage2_overlay),
            _ => None,
        };
        let file = FILES.iter().find(|(option, _)| option == word);
        open = match (place, file, after) {
            (Some(place), _, [path, rest @ ..]) => {
                *place = Some(path.into());
                rest
            }
            (_, Some((_, name)), [path, rest @ ..]) => {
                options.files.push((*name, path.into()));
                rest
            }
            (None, None, [choice, rest @ ..]) if *word == "--kernel" => {
                options.kernel = choice.parse()?;
                rest
            }
            _ if *word == "--kernel" => bail!("reading `{word}`: its value is missing"),
            (Some(_), _, []) | (_, Some(_), []) => bail!("reading `{word}`: its value is missing"),
            _ if word.starts_with('-') => bail!("reading `{word}`: iso has no such option"),
            (_, _, rest) if options.host.is_empty() => {
                (*word).clone_into(&mut options.host);
                rest
            }
            _ => bail!("reading `{word}`: one host at a time"),
        };
    }
    if options.parts.is_some() {
        let more = !options.host.is_empty()
            || options.stage2_overlay.is_some()
            || !options.files.is_empty()
            || options.kernel != Choice::default();
        ensure!(!more, "reading the command line: with --parts all the rest is said in that file, but for --repo and --out");
        return Ok(options);
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
        let options = parsed("--out a.iso ultraviolet --stage2-overlay over --repo config").unwrap();
        let (out, stage2_overlay, repository) = (Some("a.iso".into()), Some("over".into()), Some("config".into()));
        assert_eq!(options, Options { host: "ultraviolet".into(), out, stage2_overlay, repository, ..Options::default() });
        let files = parsed("a --deploy-key k --certificates c").unwrap().files;
        assert_eq!(parsed("a --kernel own").unwrap().kernel, Choice::Own);
        assert_eq!(files, [("deploy-key", "k".into()), ("certificates.pem", "c".into())]);
        let given = parsed("--parts p --out o").unwrap();
        assert_eq!((given.parts, given.out), (Some("p".into()), Some("o".into())));
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
        assert_eq!(error("a --kernel"), "reading `--kernel`: its value is missing");
        assert_eq!(error("a --repo"), "reading `--repo`: its value is missing");
        assert_eq!(error("a --deploy-key"), "reading `--deploy-key`: its value is missing");
        assert_eq!(
            error("a --parts p --out o"),
            "reading the command line: with --parts all the rest is said in that file, but for --repo and --out"
        );
        assert_eq!(error("a --kernel none"), "reading `--kernel none`: there are `stock` and `own`");
        assert_eq!(error("a b"), "reading `b`: one host at a time");
        assert_eq!(error("--out x"), "reading the command line: which host? `iso HOST`");
    }
}
