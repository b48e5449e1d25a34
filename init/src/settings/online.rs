//! What an installation needs that builds its system from a flake: where the flake is, who may be trusted, and who gets the clone.
//!
//! Values become words of command lines and lines of files, so nothing may be taken for an option, a second line, or another program.

/// The flake and all that is needed to get it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Online {
    /// A git URL.
    pub remote: String,
    /// Branch to clone; the remote's own choice without.
    pub branch: Option<String>,
    /// Commit to go to.
    pub rev: Option<String>,
    /// Where the clone goes, below `/mnt`.
    pub clone: String,
    /// Nobody is there to be asked.
    pub unattended: bool,
    /// Keys of servers, lines of a `known_hosts` file.
    pub known_hosts: Vec<String>,
    /// Caches, in this order.
    pub substituters: Vec<String>,
    /// Whose signatures count.
    pub trusted_keys: Vec<String>,
    /// Who gets the clone.
    pub user: Option<String>,
    /// And the deploy key, too.
    pub key_to_user: bool,
}

type Checked = Result<String, String>;

impl Online {
    /// The server's name, by which ssh knows it; `None` for a file.
    pub fn server(&self) -> Option<&str> {
        let (_, rest) = self.remote.split_once("://").unwrap_or(("", &self.remote));
        let authority = rest.split('/').next()?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
        host.get(..end.unwrap_or(host.len())).map(|host| host.trim_matches(['[', ']'])).filter(|host| !host.is_empty())
    }
}

const SECRET: &str = "the address has a password or a token in it, which would be shown: use a deploy key";

/// Whether somebody's name for a web server, which is often a token, or a password stands before the host's name.
fn has_secret(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let name = rest.split('/').next().and_then(|authority| authority.rsplit_once('@')).map(|(name, _)| name);
    name.is_some_and(|name| scheme.starts_with("http") || name.contains(':'))
}

/// A git URL or `user@host:path`, without a secret in it: it is shown and logged.
pub fn remote(text: &str) -> Checked {
    if has_secret(text) {
        return Err(SECRET.into());
    }
    let known = ["https://", "http://", "ssh://", "git://", "file:///"].iter().any(|scheme| text.starts_with(scheme));
    let short = text.split_once(':').is_some_and(|(host, path)| host.contains('@') && !host.contains('/') && !path.starts_with(':'));
    if word(text) && (known || short) { Ok(text.into()) } else { Err(format!("{text} is not the address of a git repository")) }
}

/// git-check-ref-format(1), as far as it keeps a name from being something else.
pub fn branch(text: &str) -> Checked {
    let good = word(text) && !text.contains("..") && !text.bytes().any(|b| b"~^:?*[\\".contains(&b)) && !text.ends_with(['/', '.']);
    if good { Ok(text.into()) } else { Err(format!("{text} is not the name of a branch")) }
}

/// A commit's hash.
pub fn rev(text: &str) -> Checked {
    let good = (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if good { Ok(text.into()) } else { Err(format!("{text} is not the hash of a commit: use 7 to 64 hexadecimal digits")) }
}

/// A directory below `/mnt`, of characters that mean nothing in the address of a flake.
pub fn clone(text: &str) -> Checked {
    let part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let below = text.strip_prefix("/mnt/").unwrap_or_default();
    let first = below.split('/').next().unwrap_or_default();
    if super::kit::NOT_HERE.contains(&first) || ["bin", "etc", "home", "root", "usr", "var"].contains(&below) {
        return Err(format!("{text} is the system's own"));
    }
    if below.split('/').all(part) {
        Ok(text.into())
    } else {
        Err(format!("{text} is not a directory below /mnt: use letters, digits, . _ and -"))
    }
}

/// HOSTS TYPE KEY.
pub fn known_host(text: &str) -> Checked {
    let good = text.split_whitespace().count() >= 3 && !text.chars().any(char::is_control);
    if good { Ok(text.into()) } else { Err(format!("{text} is not a line of a known_hosts file: HOST TYPE KEY")) }
}

/// An address of a cache.
pub fn substituter(text: &str) -> Checked {
    if has_secret(text) {
        return Err(SECRET.into());
    }
    if word(text) { Ok(text.into()) } else { Err(format!("{text} is not the address of a cache")) }
}

/// NAME:KEY.
pub fn trusted_key(text: &str) -> Checked {
    let good = word(text) && text.split_once(':').is_some_and(|(name, key)| !name.is_empty() && !key.is_empty());
    if good { Ok(text.into()) } else { Err(format!("{text} is not a public key: NAME:KEY")) }
}

/// A user's name, as useradd(8) takes it.
pub fn user(text: &str) -> Checked {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let good = text.len() <= 32 && text.bytes().all(plain) && !text.starts_with(['-', '.']);
    if good { Ok(text.into()) } else { Err(format!("{text} is not the name of a user")) }
}

/// One word that is no option.
fn word(text: &str) -> bool {
    !text.starts_with('-') && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_of_an_address() {
        for (remote, server) in [
            ("ssh://git@10.0.2.100:2222/fixture.git", Some("10.0.2.100")),
            ("git@example.com:me/config", Some("example.com")),
            ("https://example.com/x.git", Some("example.com")),
            ("ssh://git@[fd00::1]:22/x", Some("fd00::1")),
            ("file:///srv/x", None),
        ] {
            assert_eq!(Online { remote: remote.into(), ..Online::default() }.server(), server, "{remote}");
        }
    }

    #[test]
    fn what_is_something_else_is_refused() {
        for text in ["https://example.com/x", "git@example.com:x/y.git", "ssh://git@10.0.2.100/fixture.git"] {
            assert_eq!(remote(text), Ok(text.to_string()));
        }
        for text in ["ext::sh -c x", "a@b::x", "--upload-pack=x", "example.com", "https://a b"] {
            assert_eq!(remote(text).unwrap_err(), format!("{text} is not the address of a git repository"));
        }
        for text in ["https://me:token@example.com/x", "https://token@example.com/x", "ssh://me:secret@example.com/x"] {
            assert_eq!(remote(text).unwrap_err(), SECRET);
        }
        assert_eq!(substituter("https://me:token@example.com").unwrap_err(), SECRET);
        for text in ["/mnt/nix", "/mnt/boot/x", "/mnt/etc", "/mnt/tmp/config"] {
            assert_eq!(clone(text).unwrap_err(), format!("{text} is the system's own"));
        }
        assert_eq!(branch("--x").unwrap_err(), "--x is not the name of a branch");
        assert_eq!(rev("main").unwrap_err(), "main is not the hash of a commit: use 7 to 64 hexadecimal digits");
        for text in ["/etc", "/mnt", "/mnt/", "/mnt/a/../b", "/mnt/a#b", "/mnt/a//b"] {
            assert_eq!(clone(text).unwrap_err(), format!("{text} is not a directory below /mnt: use letters, digits, . _ and -"));
        }
        assert_eq!(clone("/mnt/home/me/nix-config"), Ok("/mnt/home/me/nix-config".into()));
        assert_eq!(known_host("example.com").unwrap_err(), "example.com is not a line of a known_hosts file: HOST TYPE KEY");
        assert_eq!(substituter("-x").unwrap_err(), "-x is not the address of a cache");
        assert_eq!(trusted_key("key").unwrap_err(), "key is not a public key: NAME:KEY");
        assert_eq!(user("../root").unwrap_err(), "../root is not the name of a user");
    }
}
