//! `cargo xtask`: one file per verb.
#![allow(dead_code, reason = "the verbs that build a medium call it")]

mod closure;
mod fixture;
mod host;
mod nix;

fn main() {}
