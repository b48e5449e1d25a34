//! What git and ssh mean when they fail: their words, as one sentence that a person can act upon. Pure.

/// What is to be mended by adding the key.
pub const KEY: &str = "the server refuses the deploy key";

/// What is to be mended by setting the clock.
pub const CLOCK: &str = "the server's certificate is not yet valid: the clock of this machine is wrong";
/// May be mended by that, too.
pub const EXPIRED: &str = "the server's certificate has expired, or the clock of this machine is ahead";
/// Programs of either library for TLS, when a certificate is not good.
const CERTIFICATE: &[&str] =
    &["certificate verif", "SSL certificate", "self-signed certificate", "server verification failed", "SSL peer certificate"];

/// The first cause that is recognised in what was said, with what it means.
const MEANINGS: &[(&[&str], &str)] = &[
    (&["HOST IDENTIFICATION HAS CHANGED"], "the server has another host key than the pinned one: it may be another machine"),
    (
        &["host key is known", "Host key verification failed"],
        "the host key of the server is not pinned: add its line of known_hosts to knownHosts",
    ),
    (&["Permission denied (", "Too many authentication failures"], KEY),
    (&["Could not resolve host", "name resolution", "Name or service not known"], "the name of the server cannot be resolved"),
    (&["No route to host", "Network is unreachable"], "the server cannot be reached: there is no route to it"),
    (&["Connection refused", "Failed to connect", "Couldn't connect"], "the server refuses the connection"),
    (&["timed out", "Connection closed by remote host during banner"], "the server cannot be reached: it does not answer"),
    // The last is said by the way, and only when the certificate was not looked at.
    (&["not yet valid", "not yet activated", "activation date FAILED"], CLOCK),
    (&["certificate has expired"], EXPIRED),
    (&["does not match target host", "no alternative certificate subject name"], "the server's certificate is for another name"),
    (CERTIFICATE, "the server's certificate is signed by nobody who is trusted"),
    (
        &["could not read Username", "Authentication failed", "terminal prompts disabled"],
        "the server wants a login: use ssh and a deploy key",
    ),
    (
        &["epository not found", "does not appear to be a git repository", "not found", "does not exist", "may fetch"],
        "there is no such repository, or the key may not read it",
    ),
];

/// Whether a certificate is what was refused.
pub fn is_certificate(said: &[String]) -> bool {
    said_any(said, CERTIFICATE)
}

fn said_any(said: &[String], words: &[&str]) -> bool {
    said.iter().any(|line| words.iter().any(|word| line.contains(word)))
}

/// What it means, `None` for words that nobody has foreseen.
pub fn meaning(said: &[String]) -> Option<&'static str> {
    MEANINGS.iter().find(|(words, _)| said_any(said, words)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_is_itself() {
        for (said, expected) in [
            (&["git@10.0.2.100: Permission denied (publickey).", "fatal: Could not read from remote repository."][..], KEY),
            (
                &["@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "Host key verification failed."],
                "the server has another host key than the pinned one: it may be another machine",
            ),
            (
                &["No ED25519 host key is known for example.com and you have requested strict checking.", "Host key verification failed."],
                "the host key of the server is not pinned: add its line of known_hosts to knownHosts",
            ),
            (&["fatal: unable to access 'https://x/': Could not resolve host: x"], "the name of the server cannot be resolved"),
            (&["ssh: connect to host 10.0.2.9 port 22: Connection refused"], "the server refuses the connection"),
            (&["ssh: connect to host 10.0.2.9 port 22: No route to host"], "the server cannot be reached: there is no route to it"),
            (&["Connection timed out during banner exchange"], "the server cannot be reached: it does not answer"),
            (&["SSL certificate problem: certificate is not yet valid"], CLOCK),
            (&["server verification failed: certificate error, no details available.", "server certificate activation date FAILED"], CLOCK),
            (&["server verification failed: certificate has expired. (CAfile: none CRLfile: none)"], EXPIRED),
            (
                &["server verification failed: certificate signer not trusted. (CAfile: none CRLfile: none)"],
                "the server's certificate is signed by nobody who is trusted",
            ),
            (&["server certificate verification failed. CAfile: none"], "the server's certificate is signed by nobody who is trusted"),
            (
                &["SSL: certificate subject name (x) does not match target hostname '10.0.2.102'"],
                "the server's certificate is for another name",
            ),
            (&["ERROR: Repository not found."], "there is no such repository, or the key may not read it"),
        ] {
            let said: Vec<String> = said.iter().map(|line| (*line).to_string()).collect();
            assert_eq!(meaning(&said), Some(expected));
        }
        assert_eq!(meaning(&["something else".into()]), None);
    }
}
