//! `cargo xtask iso HOST`: makes the medium of one host. Other verbs call [`of_host`].

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use init::settings::{Settings, Source};

use crate::image::Image;
use crate::image::build::{Request, build};
use crate::nix::Nix;
use crate::{cache, closure, debian, host, prerequisites};

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    host: String,
    out: Option<PathBuf>,
    stage2_overlay: Option<PathBuf>,
}

/// The verb: `iso HOST [--out FILE] [--stage2-overlay DIR]`.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let options = parse(words)?;
    prerequisites::ensure(&[prerequisites::ISO])?;
    let image = of_host(&options.host, options.stage2_overlay.as_deref(), options.out.as_deref())?;
    println!("{}", image.iso.display());
    Ok(ExitCode::SUCCESS)
}

/// Evaluates the host, builds its system, makes the medium, and prints where the bytes are.
///
/// # Errors
/// There is no such host, its settings are refused by the parser of `init`, or something cannot be built.
pub fn of_host(host: &str, stage2_overlay: Option<&Path>, out: Option<&Path>) -> Result<Image> {
    let parts = debian::parts()?;
    let nix = Nix::new(&parts.stage2, &cache::root())?;
    let settings = host::settings(&nix, host)?;
    let parsed = Settings::read(&[Source::file(&format!("the settings of hosts/{host}/installer.nix"), &settings.settings)])?;
    let closure_image = cache::directory("iso")?.join(format!("{host}.closure"));
    let closure = closure::build(&nix, &parts, host, &closure_image)?;
    let request =
        Request { host, settings: &settings, parsed: &parsed, closure: &closure, closure_image: &closure_image, stage2_overlay, out };
    let (image, sizes) = build(&parts, &request)?;
    print!("{sizes}");
    println!("medium of {host}: {} with disk GUID {}", image.iso.display(), image.disk_guid);
    Ok(image)
}

fn parse(words: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().map(PathBuf::from).with_context(|| format!("reading `{word}`: its value is missing"));
        match word.as_str() {
            "--out" => options.out = Some(value()?),
            "--stage2-overlay" => options.stage2_overlay = Some(value()?),
            option if option.starts_with('-') => bail!("reading `{option}`: iso has no such option"),
            host if options.host.is_empty() => options.host = host.to_owned(),
            second => bail!("reading `{second}`: one host at a time"),
        }
    }
    if options.host.is_empty() {
        bail!("reading the command line: which host? `iso HOST`");
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_in_any_order() {
        let options = parsed("--out a.iso ultraviolet --stage2-overlay over").unwrap();
        assert_eq!(options, Options { host: "ultraviolet".into(), out: Some("a.iso".into()), stage2_overlay: Some("over".into()) });
    }

    #[test]
    fn mistakes_are_named() {
        let error = |line| parsed(line).unwrap_err().to_string();
        assert_eq!(error("a --fast"), "reading `--fast`: iso has no such option");
        assert_eq!(error("a --out"), "reading `--out`: its value is missing");
        assert_eq!(error("a b"), "reading `b`: one host at a time");
        assert_eq!(error("--out x"), "reading the command line: which host? `iso HOST`");
    }
}
