//! `cargo xtask nix-test`: the Nix expressions, evaluated by the real Nix. Nothing is built.
//!
//! What needs nixpkgs' `lib` is skipped where there is none, and counted as such.

mod evaluate;
mod judge;
mod table;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::vm::jobs::Count;
use crate::{cache, prerequisites};
use evaluate::Evaluator;
use judge::Verdict;

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// Write the table of options into the README.
    write: bool,
    /// What Nix has evaluated already, as `nix/checks.nix` writes it.
    evaluated: Option<PathBuf>,
}

/// The verb; the last line counts.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let options = parse(words)?;
    let count = match &options.evaluated {
        Some(file) => given(file)?,
        None => {
            prerequisites::ensure(&[prerequisites::ISO])?;
            count(options.write)?
        }
    };
    println!("{count}");
    Ok(count.exit_code())
}

/// Evaluates, judges, prints what failed, and counts. Programs must be there already.
pub fn count(write: bool) -> Result<Count> {
    let evaluator = Evaluator::new()?;
    let raw = evaluator.raw().context("evaluating nix/tests/raw.nix")?;
    let mut count = judged(judge::parser(&raw));
    if let Err(reason) = evaluator.lend_lib()? {
        // The module's half of the cases, and one for each group: how many checks are in one, its evaluation would say.
        let skipped = raw.as_array().map_or(0, Vec::len) + GROUPS.len();
        println!("skipped: the module ({}; of each group of checks one is counted): {reason}", GROUPS.join(", "));
        count += Count { skipped, ..Count::default() };
        return Ok(count);
    }
    let module = evaluator.module().context("evaluating nix/tests/module.nix")?;
    if write {
        write_table(&module["options"])?;
    }
    count += of_module(&raw, &module)?;
    let flakes = [("the flake", "", &[][..]), ("the template", "nix/template", &["autoinstaller"])];
    let flakes = flakes.map(|(name, flake, inputs)| {
        let checked = evaluator.check(flake, inputs);
        (format!("nix flake check of {name}"), checked.err().map(|error| format!("{error:#}")))
    });
    count += judged(flakes.into());
    let graph = evaluator.graph().context("evaluating nix/tests/graph.nix")?;
    count += judged(judge::checks(&graph));
    Ok(count)
}

/// What is skipped without nixpkgs, beside the cases.
const GROUPS: [&str; 5] = ["options", "hosts", "shapes of hosts", "flakes", "what would be built"];

/// Judges what Nix has evaluated elsewhere.
fn given(file: &PathBuf) -> Result<Count> {
    let reading = || format!("reading {}", file.display());
    let value: Value = serde_json::from_str(&fs::read_to_string(file).with_context(reading)?).with_context(reading)?;
    let mut count = judged(judge::parser(&value["raw"]));
    count += of_module(&value["raw"], &value["module"])?;
    Ok(count)
}

fn of_module(raw: &Value, module: &Value) -> Result<Count> {
    let mut verdicts = judge::module(raw, module);
    verdicts.extend(judge::vocabulary(module));
    verdicts.extend(judge::hosts(module));
    verdicts.extend(judge::checks(module));
    let text = readme()?;
    let wrong = match table::put(&text, &module["options"]) {
        Some(made) if made == text => None,
        Some(_) => Some("it is not what the module says: run `cargo xtask nix-test --write`".to_owned()),
        None => Some("it has no place for it".to_owned()),
    };
    verdicts.push(("the table of options in README.md".to_owned(), wrong));
    Ok(judged(verdicts))
}

/// Of the current directory, where a Nix build has unpacked the repository, or of the repository this was built in.
fn readme() -> Result<String> {
    let files = ["README.md".into(), cache::root().join("README.md")];
    let read = files.iter().find_map(|file: &PathBuf| fs::read_to_string(file).ok());
    read.context("reading README.md: there is none here")
}

fn write_table(options: &Value) -> Result<()> {
    let file = cache::root().join("README.md");
    let text = readme()?;
    let made = table::put(&text, options).context("writing the table of options: README.md has no place for it")?;
    fs::write(&file, made).with_context(|| format!("writing {}", file.display()))
}

fn judged(verdicts: Vec<Verdict>) -> Count {
    let mut count = Count::default();
    for (name, wrong) in verdicts {
        if let Some(wrong) = &wrong {
            println!("failed: {name}: {wrong}");
        }
        count.add(wrong.is_none());
    }
    count
}

fn parse(words: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--write" => options.write = true,
            "--evaluated" => options.evaluated = Some(words.next().context("reading `--evaluated`: its value is missing")?.into()),
            other => bail!("reading `{other}`: nix-test has no such option"),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_mistakes_named() {
        let parsed = |line: &str| parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parsed("--write").unwrap(), Options { write: true, evaluated: None });
        assert_eq!(parsed("--evaluated f").unwrap().evaluated, Some("f".into()));
        assert_eq!(parsed("--evaluated").unwrap_err().to_string(), "reading `--evaluated`: its value is missing");
        assert_eq!(parsed("x").unwrap_err().to_string(), "reading `x`: nix-test has no such option");
    }
}
