//! Asks libkmod what the names on its standard input stand for in the module directory that is its argument: one answer a line, `NAME:` and
//! for each module its own name, `=` and its file, or nothing for a built-in, and behind `<` what it needs, in the order of loading.
//!
//! Must load nothing, and judge nothing: an unknown name has no module behind it.

use std::ffi::OsStr;
use std::io::stdin;
use std::path::Path;
use std::process::ExitCode;

use kmod::{Context, Module};

fn main() -> ExitCode {
    match std::env::args_os().nth(1).ok_or("there is no module directory".to_owned()).and_then(|directory| answer(Path::new(&directory))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("resolving modules: {cause}");
            ExitCode::FAILURE
        }
    }
}

fn answer(directory: &Path) -> Result<(), String> {
    let context = Context::new_with_dirname(directory).map_err(|error| error.to_string())?;
    for name in stdin().lines() {
        let name = name.map_err(|error| error.to_string())?;
        // The crate does not say what was wrong with a name.
        let modules = context.module_new_from_lookup(&name).map_err(|error| format!("{name}: {error}"))?;
        let modules: Vec<String> = modules.map(|module| described(&module)).collect();
        println!("{name}: {}", modules.join(" | "));
    }
    Ok(())
}

fn described(module: &Module) -> String {
    let file = module.path().map(OsStr::to_string_lossy).unwrap_or_default();
    let needs: Vec<String> = module.dependencies().map(|needed| needed.name().to_string_lossy().into_owned()).collect();
    format!("{}={file} < {}", module.name().to_string_lossy(), needs.join(" "))
}
