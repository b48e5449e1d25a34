//! `cargo xtask vm-test`: boots the image in virtual machines and judges the disks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use crate::image::Image;
use crate::kernel::Choice;
use crate::nix::Nix;
use crate::servers::Servers;
use crate::servers::repository::work_tree;
use crate::vm::accel::{KVM, accel};
use crate::vm::jobs::{Count, run_all};
use crate::vm::scenario::Scenario;
use crate::vm::{one, scenarios};
use crate::{cache, iso, nix_iso, prerequisites};

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    names: Vec<String>,
    list: bool,
    all: bool,
    jobs: usize,
    stage2_overlay: Option<PathBuf>,
    kernel: Choice,
}

/// Runs the scenarios that were named, or the core set; the last line counts them.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let options = parse(words)?;
    if options.list {
        for row in choose(&options)? {
            println!("{:<22} {}  {}", row.name, if row.core { "core" } else { "    " }, row.proves);
        }
        return Ok(ExitCode::SUCCESS);
    }
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::MACHINE])?;
    let count = count(&options)?;
    println!("{count}");
    Ok(count.exit_code())
}

/// Builds the medium, runs the scenarios, and says how many ended how. Programs must be there already.
pub fn count(options: &Options) -> Result<Count> {
    let rows = choose(options)?;
    let mut images = BTreeMap::new();
    let kind = |row: &Scenario| (row.host, row.repository, row.from_nix);
    for medium @ (host, repository, from_nix) in rows.iter().map(|row| kind(row)).collect::<BTreeSet<_>>() {
        let served = rows.iter().any(|row| row.host == host && !row.servers.is_empty());
        let built = || Medium::of_host(host, options, served, repository);
        images.insert(medium, if from_nix { Medium::from_nix(host)? } else { built()? });
    }
    let work = work_dir()?;
    let run = |row: &Scenario| {
        let medium = &images[&kind(row)];
        let once = || one::run(row, &medium.image, &work.join(row.name), &medium.store, medium.servers.as_ref());
        once().or_else(|failure| {
            // Emulated processors do that to a kernel which was seen to work, once in some hundred boots.
            if !failure.guest_crashed() || accel(&medium.image.kernel) == KVM {
                return Err(failure);
            }
            let evidence = work.join(format!("{}.crashed", row.name));
            drop(cache::remove(&evidence).and_then(|()| Ok(std::fs::rename(work.join(row.name), &evidence)?)));
            println!("again   {:<22} the kernel crashed on an emulated processor", row.name);
            once()
        })
    };
    Ok(run_all(rows, options.jobs, &run, &|text| print!("{text}")))
}

/// The image of a host, and the Nix that verifies what it installs.
struct Medium {
    image: Image,
    store: Nix,
    servers: Option<Servers>,
}

impl Medium {
    fn of_host(host: &str, options: &Options, served: bool, repository: bool) -> Result<Medium> {
        let servers = served.then(|| Servers::of_host(host)).transpose()?;
        let mut more = servers.as_ref().map(Servers::trust).transpose()?.unwrap_or_default();
        more.repository = repository.then(work_tree).transpose()?;
        more.kernel = options.kernel;
        let mut image = iso::of_host(host, options.stage2_overlay.as_deref(), None, &more)?;
        if let Some(servers) = &servers {
            image.toplevel.clone_from(&servers.toplevel);
            image.commit.clone_from(&servers.commit);
        }
        for file in [&image.ovmf_code, &image.ovmf_vars] {
            ensure!(file.is_file(), "finding the UEFI firmware: there is no {}", file.display());
        }
        let store = Nix::new(&image.stage2_root, &cache::root())?;
        Ok(Medium { image, store, servers })
    }

    fn from_nix(host: &str) -> Result<Medium> {
        let image = nix_iso::of_host(host)?;
        let store = Nix::new(&image.stage2_root, &cache::root())?;
        Ok(Medium { image, store, servers: None })
    }
}

/// Where scenarios leave their files.
pub fn work_dir() -> Result<PathBuf> {
    cache::directory("vm")
}

/// How many of all scenarios these are: `21 of 90 scenarios (core)`.
pub fn extent(options: &Options) -> Result<String> {
    let (chosen, all) = (choose(options)?.len(), scenarios::all().len());
    let which = match (options.names.is_empty(), options.all) {
        (true, true) => "all",
        (true, false) => "core",
        (false, _) => "named",
    };
    Ok(format!("{chosen} of {all} scenarios ({which})"))
}

fn choose(options: &Options) -> Result<Vec<&'static Scenario>> {
    let all = scenarios::all();
    if options.names.is_empty() {
        return Ok(all.into_iter().filter(|row| row.core || options.all || options.list).collect());
    }
    let find = |name: &String| {
        let known = || all.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
        all.iter().find(|row| row.name == name).copied().with_context(|| format!("choosing scenario `{name}`: there are {}", known()))
    };
    options.names.iter().map(find).collect()
}

/// Reads the words after the verb.
pub fn parse(words: &[String]) -> Result<Options> {
    let mut options = Options { jobs: 2, ..Options::default() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("reading `{word}`: its value is missing"));
        match word.as_str() {
            "--list" => options.list = true,
            "--all" => options.all = true,
            "--jobs" => {
                let text = value()?;
                options.jobs =
                    text.parse().ok().filter(|jobs| *jobs > 0).with_context(|| format!("reading `--jobs {text}`: not a number above 0"))?;
            }
            "--kernel" => options.kernel = value()?.parse()?,
            "--stage2-overlay" => options.stage2_overlay = Some(value()?.into()),
            option if option.starts_with('-') => {
                bail!("reading `{option}`: vm-test has no such option")
            }
            name => options.names.push(name.to_owned()),
        }
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
    fn options_are_read() {
        let options = parsed("dry-run --jobs 3 --all --stage2-overlay d").unwrap();
        assert_eq!((options.names, options.jobs, options.all), (vec!["dry-run".to_owned()], 3, true));
        assert_eq!(options.stage2_overlay, Some("d".into()));
        assert_eq!(parsed("").unwrap().jobs, 2);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |line| parsed(line).unwrap_err().to_string();
        assert_eq!(error("--jobs"), "reading `--jobs`: its value is missing");
        assert_eq!(error("--jobs 0"), "reading `--jobs 0`: not a number above 0");
        assert_eq!(error("--fast"), "reading `--fast`: vm-test has no such option");
    }

    #[test]
    fn names_choose_and_unknown_ones_are_errors() {
        let rows = choose(&parsed("bios-forced dry-run").unwrap()).unwrap();
        assert_eq!(rows.iter().map(|row| row.name).collect::<Vec<_>>(), ["bios-forced", "dry-run"]);
        assert!(choose(&parsed("").unwrap()).unwrap().iter().all(|row| row.core));
        let all = scenarios::all().len();
        assert_eq!(extent(&parsed("--all").unwrap()).unwrap(), format!("{all} of {all} scenarios (all)"));
        assert_eq!(extent(&parsed("dry-run").unwrap()).unwrap(), format!("1 of {all} scenarios (named)"));
        assert!(extent(&parsed("").unwrap()).unwrap().ends_with(&format!(" of {all} scenarios (core)")));
        let error = choose(&parsed("dryrun").unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("choosing scenario `dryrun`: there are prebuilt-nvme-usb, "), "{error}");
    }
}
