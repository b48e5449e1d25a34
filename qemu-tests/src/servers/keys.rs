//! Keys and certificates of the servers and of who may use them. Made once for a build directory: they are on the medium that is tested,
//! and protect nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::tree::Tree;
use super::{ADDRESS, LATE_ADDRESS, NIX_KEY};
use crate::nix::{Nix, REPOSITORY};

/// Validity in days: longer than any build directory lives, from the day it is made.
const VALID: &str = "3650";

/// Names of the ssh keys: the server's, another server's, two that may clone, one for another repository, and one that may nothing.
const SSH: [&str; 6] = ["host", "otherhost", "deploy", "otherdeploy", "module", "stranger"];

/// Makes all of them below `keys`.
pub fn make(tree: &Tree, nix: &Nix) -> Result<()> {
    let keys = tree.served().join("keys");
    fs::create_dir_all(&keys).with_context(|| format!("making {}", keys.display()))?;
    for name in SSH {
        let file = format!("/srv/keys/{name}");
        tree.run("making an ssh key", &["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", &file])?;
    }
    certificates(tree)?;
    let [secret, public] = ["cache", "cache.pub"].map(|name| format!("{REPOSITORY}/keys/{name}"));
    nix.instead(tree.served())?.run("nix-store", &["--generate-binary-cache-key", NIX_KEY, &secret, &public])?;
    Ok(())
}

/// An authority of our own, and the certificates of the servers' addresses: one that is good, and one that begins in a few years.
fn certificates(tree: &Tree) -> Result<()> {
    let subject = "making a certificate";
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let authority =
        ["openssl", "req", "-x509", "-subj", "/CN=Authority of the tests", "-keyout", "/srv/keys/ca.key", "-out", "/srv/keys/ca.pem"];
    tree.run(subject, &[&authority[..], &curve[..], &["-days", VALID]].concat())?;
    // The second address is for the tests of the server itself.
    let good = format!("IP:{ADDRESS},IP:127.0.0.1");
    let late = format!("IP:{LATE_ADDRESS},IP:127.0.0.1");
    for (name, addresses, time) in
        [("tls", good, &["-days", VALID][..]), ("late", late, &["-not_before", "20300101000000Z", "-not_after", "20310101000000Z"])]
    {
        let [key, certificate] = ["key", "pem"].map(|ending| format!("/srv/keys/{name}.{ending}"));
        let names = format!("subjectAltName={addresses}");
        let server = ["openssl", "req", "-x509", "-subj", "/CN=The server of the tests", "-addext", &names];
        let kind = ["-addext", "basicConstraints=critical,CA:FALSE", "-CA", "/srv/keys/ca.pem", "-CAkey", "/srv/keys/ca.key"];
        tree.run(subject, &[&server[..], &kind[..], &["-keyout", &key, "-out", &certificate], &curve[..], time].concat())?;
    }
    Ok(())
}

/// A key or a certificate as text.
pub fn read(served: &Path, name: &str) -> Result<String> {
    let file = served.join("keys").join(name);
    fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))
}
