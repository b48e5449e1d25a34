//! What a host's owner wants done once the new file systems are mounted.

use std::fs::{DirBuilder, remove_file, set_permissions, write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

use super::mounts::ROOT;
use super::stage2::Stage2;
use crate::error::{Doing, Kind, Result};

/// Reads the script named by its argument and stops at the first command that fails. That is named by its first word alone: what follows
/// may be a password, and this line goes to consoles and log.
const SHELL: &str = r#"set -eE -o pipefail; trap 'echo "line $LINENO failed with $?: ${BASH_COMMAND%% *}"' ERR; . "$1""#;

/// Creates directories on the new root, with the parents they need.
///
/// # Errors
/// One cannot be created.
pub fn create(paths: &[String]) -> Result<()> {
    for path in paths {
        let target = format!("{ROOT}{path}");
        DirBuilder::new().recursive(true).mode(0o755).create(&target).doing(Kind::Install, || format!("creating {target}"))?;
    }
    Ok(())
}

/// Runs scripts in stage-2's bash, with the new root at `/mnt`; what they mount below it stays mounted until the end.
///
/// # Errors
/// A command fails: the cause is its line.
pub fn run(stage2: &Stage2, scripts: &[String]) -> Result<()> {
    for (number, script) in (1..).zip(scripts) {
        let doing = format!("running post-mount commands {number}");
        let (outside, inside) = stage2.file("post-mount-commands");
        write(&outside, script).doing(Kind::Install, || format!("writing {outside}"))?;
        // It may hold what is nobody else's business.
        set_permissions(&outside, PermissionsExt::from_mode(0o600)).doing(Kind::Install, || format!("protecting {outside}"))?;
        let ran = stage2.run("bash", &["--norc", "-c", SHELL, "post-mount-commands", &inside], None, &doing);
        remove_file(&outside).unwrap_or_else(|error| log::debug!("removing {outside}: {error}"));
        ran?;
    }
    Ok(())
}
