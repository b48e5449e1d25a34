//! What an installation needs that builds its system over the network: who may be believed.

use super::repository::{Checked, SECRET, has_secret, word};

/// Servers and caches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Online {
    /// Nobody is there to be asked.
    pub unattended: bool,
    /// Keys of servers, lines of a `known_hosts` file.
    pub known_hosts: Vec<String>,
    /// Caches, in this order.
    pub substituters: Vec<String>,
    /// Whose signatures count.
    pub trusted_keys: Vec<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_something_else_is_refused() {
        assert_eq!(substituter("https://me:token@example.com").unwrap_err(), SECRET);
        assert_eq!(known_host("example.com").unwrap_err(), "example.com is not a line of a known_hosts file: HOST TYPE KEY");
        assert_eq!(substituter("-x").unwrap_err(), "-x is not the address of a cache");
        assert_eq!(trusted_key("key").unwrap_err(), "key is not a public key: NAME:KEY");
    }
}
