//! `cargo xtask`: one file per verb.

mod image;
mod run;
mod vm;
mod vm_test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask VERB
  vm-test [NAME…] [--list] [--all] [--jobs N] [--stage2-overlay DIR] [--image FILE]
                                 boots the image in virtual machines and judges what it did
  run HOST [--image FILE]        installs HOST in a virtual machine, console on this terminal, then boots it";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = match words.split_first() {
        Some((verb, rest)) if verb == "vm-test" => vm_test::run(rest),
        Some((verb, rest)) if verb == "run" => run::run(rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
