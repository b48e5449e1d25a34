//! The check of the repository and of the caches: with the keys of this medium, the servers that are known, and before anything is written.

use std::fs::{read, write};
use std::time::Duration;

use log::Level;

use super::{Ground, clock, refusal, vouched};
use crate::act::{Stage2, lay_deploy_keys};
use crate::error::{Doing, Error, Kind, Result};
use crate::medium::Kit;
use crate::pid1::children::{Job, UNKNOWN};
use crate::settings::Online;

/// Keys of servers that many people use, as they publish them.
const KNOWN: &str = include_str!("known_hosts");
/// More authorities for certificates.
const AUTHORITIES: &str = "/etc/autoinstaller/certificates.pem";
/// Programs that ask end themselves before; what hangs all the same is ended.
const DEADLINE: Duration = Duration::from_secs(90);
/// How ssh is to behave: never ask, never take a key of a server that is not known, and notice when it falls silent.
const BEHAVIOUR: &str = "IdentitiesOnly yes\nStrictHostKeyChecking yes\nUserKnownHostsFile /etc/ssh/known\nGlobalKnownHostsFile /dev/null\n\
                         BatchMode yes\nConnectTimeout 15\nServerAliveInterval 15\nServerAliveCountMax 2\n";
/// What git takes for ssh.
const EACH_KEY: &str = include_str!("each-key.sh");

/// Asks the repository for the branch.
///
/// # Errors
/// It cannot be had: the cause says who refuses what, the details what to do.
pub fn check(ground: &mut Ground) -> Result<()> {
    let Some(online) = &ground.settings.online else { return Ok(()) };
    let repository = &ground.settings.repository;
    let keys = prepare(ground.stage2, ground.kit, online)?;
    let branch = repository.branch.as_ref().map_or("HEAD".into(), |branch| format!("refs/heads/{branch}"));
    let doing = format!("asking {} for its branches", repository.remote);
    let words = ["60", "git", "ls-remote", "--exit-code", "--", &repository.remote, &branch];
    let asked = vouched::despite(ground, &repository.remote, &|| ground.stage2.heard(&words, &[], job("timeout", &doing, Level::Info)));
    let (asked, said) = asked;
    let Err(error) = asked else { return Ok(()) };
    let cause = match refusal::meaning(&said) {
        Some(meaning) => meaning.into(),
        // git-ls-remote(1): no matching refs.
        None if error.cause == "timeout exited with 2" || error.cause.starts_with("timeout exited with 2:") => {
            "there is no such branch".into()
        }
        None if error.cause.starts_with("timeout exited with 124") => "the server cannot be reached".into(),
        None => error.cause.clone(),
    };
    if cause == refusal::KEY {
        show_public(ground.stage2, &keys);
    }
    if [refusal::CLOCK, refusal::EXPIRED].contains(&cause.as_str()) {
        return Err(Error::new(Kind::Clock, doing, cause).with_details(vec![clock::says()]));
    }
    Err(Error::new(Kind::Repository, doing, cause))
}

/// Looks at every cache. One that does not answer is passed over by Nix as well, so it is said and no error.
///
/// # Errors
/// None.
pub fn caches(ground: &mut Ground) -> Result<()> {
    for cache in ground.settings.online.iter().flat_map(|online| &online.substituters) {
        let words = ["20", "nix", "--option", "connect-timeout", "10", "store", "info", "--store", cache];
        let doing = format!("looking at the cache {cache}");
        let (looked, said) = vouched::despite(ground, cache, &|| ground.stage2.heard(&words, &[], job("timeout", &doing, Level::Debug)));
        if looked.is_err() {
            let why = refusal::meaning(&said).filter(|_| refusal::is_certificate(&said)).unwrap_or("it does not answer");
            log::warn!("the cache {cache} will be passed over: {why}");
        }
    }
    Ok(())
}

/// Puts keys, known servers and authorities in place; returns where the keys are, as stage-2 sees them.
fn prepare(stage2: &Stage2, kit: &Kit, online: &Online) -> Result<Vec<String>> {
    let places = lay_deploy_keys(stage2, kit)?;
    let known: String = online.known_hosts.iter().map(|line| format!("{line}\n")).collect();
    let texts =
        [("etc/ssh/installation", BEHAVIOUR.into()), ("etc/ssh/known", format!("{KNOWN}{known}")), ("etc/ssh/each-key", EACH_KEY.into())];
    for (name, text) in texts {
        let (path, _) = stage2.file(name);
        write(&path, text).doing(Kind::System, || format!("writing {path}"))?;
    }
    trust(stage2)?;
    Ok(places)
}

/// Adds the authorities of the image to those that everybody trusts, once.
fn trust(stage2: &Stage2) -> Result<()> {
    let Ok(more) = read(AUTHORITIES) else { return Ok(()) };
    let (bundle, _) = stage2.file("etc/ssl/certs/ca-certificates.crt");
    let doing = || format!("adding authorities to {bundle}");
    let mut all = read(&bundle).doing(Kind::System, doing)?;
    if !all.ends_with(&more) {
        all.extend(more);
        write(&bundle, all).doing(Kind::System, doing)?;
    }
    Ok(())
}

fn job<'a>(program: &'a str, doing: &'a str, output: Level) -> Job<'a> {
    Job { program, doing, kind: Kind::Repository, deadline: DEADLINE, output, so_far: UNKNOWN }
}

/// Shows the public halves, to be added on the server.
fn show_public(stage2: &Stage2, keys: &[String]) {
    if keys.is_empty() {
        log::info!("there is no deploy key: put one on the kit partition as ssh/deploy/id_ed25519");
    }
    for key in keys {
        log::info!("the deploy key of this medium is");
        let (read, _) = stage2.heard(&["-y", "-P", "", "-f", key], &[], job("ssh-keygen", "reading the deploy key", Level::Info));
        read.unwrap_or_else(|error| log::warn!("{error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that knows two of three keys, of which the last opens the repository, and is asked in two ways.
    const SSH: &str = r#"#!/bin/sh
        case "$*" in
            */1-stranger*) echo "Permission denied (publickey)." >&2; exit 255;;
            */2-other*git-upload-pack*) printf '003eERR access denied or repository not found';;
            */2-other*) echo "access denied" >&2; exit 1;;
            */3-ours*git-upload-pack*) printf '015a0123 HEAD';;
            */3-ours*git-lfs-authenticate*) printf '{"href":"https://example.com"}';;
        esac"#;

    /// Makes the server, since a program that a test writes itself may be busy, and asks it in both ways.
    const ASKING: &str = r#"
        printf %s "$1" > ssh && chmod +x ssh
        export PATH="$PWD:$PATH"
        for asked in "git-upload-pack 'x.git'" "git-lfs-authenticate x.git download"; do
            bash each-key git@example.com "$asked"
            echo
        done > said"#;

    #[test]
    fn each_key_is_tried_until_the_server_talks_of_the_repository() {
        let place = std::env::temp_dir().join(format!("each-key-{}", std::process::id()));
        let deploy = place.join("deploy");
        std::fs::create_dir_all(&deploy).unwrap();
        for key in ["1-stranger", "2-other", "3-ours"] {
            write(deploy.join(key), "").unwrap();
        }
        write(place.join("each-key"), EACH_KEY.replace("/etc/ssh", place.to_str().unwrap())).unwrap();
        let asking = std::process::Command::new("bash").args(["-c", ASKING, "bash", SSH]).current_dir(&place).spawn();
        // Somebody else may reap it.
        asking.unwrap().wait().map(drop).unwrap_or_default();
        let [said, opened] = ["said", "opened"].map(|file| std::fs::read_to_string(place.join(file)).unwrap());
        std::fs::remove_dir_all(&place).unwrap();
        assert_eq!(said, "015a0123 HEAD\n{\"href\":\"https://example.com\"}\n");
        assert_eq!(opened, "3-ours\n3-ours\n");
    }
}
