//! The owner's repository: where it is, where its clone goes, and whose that is.
//!
//! Values become words of command lines and lines of files, so nothing may be taken for an option, a second line, or another program.

/// A repository, and what becomes of its clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// A git URL; empty where nobody has said one.
    pub remote: String,
    /// Branch to clone; the repository's own choice without.
    pub branch: Option<String>,
    /// Commit to go to.
    pub rev: Option<String>,
    /// Where the clone goes, below `/mnt`.
    pub clone: String,
    /// Who gets the clone.
    pub user: Option<String>,
    /// And the deploy key, too.
    pub key_to_user: bool,
}

/// A value as it is used, or why it is not.
pub(super) type Checked = Result<String, String>;

impl Repository {
    /// The server's name, by which ssh knows it; `None` for a file.
    pub fn server(&self) -> Option<&str> {
        let (_, rest) = self.remote.split_once("://").unwrap_or(("", &self.remote));
        let authority = rest.split('/').next()?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
        host.get(..end.unwrap_or(host.len())).map(|host| host.trim_matches(['[', ']'])).filter(|host| !host.is_empty())
    }

    /// Whether a path of the installed system lies in the clone, which cannot be made then.
    pub fn holds(&self, path: &str) -> bool {
        let clone = self.clone.strip_prefix("/mnt").unwrap_or(&self.clone);
        path.strip_prefix(clone).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether anybody on the way could put another repository in its place: nothing proves who answers, and no commit is named.
    pub fn is_open_to_all(&self) -> bool {
        let plain = ["http://", "git://"].iter().any(|scheme| self.remote.starts_with(scheme));
        // A short hash is easily met by another commit.
        plain && self.rev.as_ref().is_none_or(|rev| rev.len() < 40)
    }
}

pub(super) const SECRET: &str = "the address has a password or a token in it, which would be shown: use a deploy key";

/// Whether somebody's name for a web server, which is often a token, or a password stands before the host's name.
pub(super) fn has_secret(text: &str) -> bool {
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

/// A user's name, as useradd(8) takes it.
pub fn user(text: &str) -> Checked {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let good = text.len() <= 32 && text.bytes().all(plain) && !text.starts_with(['-', '.']);
    if good { Ok(text.into()) } else { Err(format!("{text} is not the name of a user")) }
}

/// One word that is no option.
pub(super) fn word(text: &str) -> bool {
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
            assert_eq!(Repository { remote: remote.into(), ..Repository::default() }.server(), server, "{remote}");
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
        for text in ["/mnt/nix", "/mnt/boot/x", "/mnt/etc", "/mnt/tmp/config"] {
            assert_eq!(clone(text).unwrap_err(), format!("{text} is the system's own"));
        }
        assert_eq!(branch("--x").unwrap_err(), "--x is not the name of a branch");
        assert_eq!(rev("main").unwrap_err(), "main is not the hash of a commit: use 7 to 64 hexadecimal digits");
        for text in ["/etc", "/mnt", "/mnt/", "/mnt/a/../b", "/mnt/a#b", "/mnt/a//b"] {
            assert_eq!(clone(text).unwrap_err(), format!("{text} is not a directory below /mnt: use letters, digits, . _ and -"));
        }
        assert_eq!(clone("/mnt/home/me/nix-config"), Ok("/mnt/home/me/nix-config".into()));
        assert_eq!(user("../root").unwrap_err(), "../root is not the name of a user");
    }

    #[test]
    fn who_is_not_known_may_be_anybody_unless_the_commit_is() {
        let open = |remote: &str, rev: &str| {
            let rev = Some(rev.to_string()).filter(|rev| !rev.is_empty());
            Repository { remote: remote.into(), rev, ..Repository::default() }.is_open_to_all()
        };
        assert!(open("http://example.com/x", "") && open("git://example.com/x", "0123456"));
        assert!(!open("http://example.com/x", &"0".repeat(40)));
        assert!(!open("https://example.com/x", "") && !open("git@example.com:x", "") && !open("file:///srv/x", ""));
    }
}
