//! Whether the machine is to be online, how it gets its address, and how long that may take.

use std::time::Duration;

use super::Ip;

/// What becomes of links before the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The plan needs it, or somebody wants to see it work.
    pub enable: bool,
    /// Only for whoever may log in: without one the installation goes on.
    pub optional: bool,
    /// Given, instead of asking every link for one.
    pub ip: Option<Ip>,
    /// How long to try.
    pub wait: Duration,
}

impl Default for Network {
    /// Switches that learn about a new link, and servers that are slow, take half a minute each.
    fn default() -> Network {
        Network { enable: false, optional: false, ip: None, wait: Duration::from_secs(180) }
    }
}

/// Up to a day.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().ok().filter(|seconds| (1..=86_400).contains(seconds));
    number.map(Duration::from_secs).ok_or_else(|| format!("{text} is not a number of seconds from 1 to 86400"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_has_an_end() {
        assert_eq!(seconds("300"), Ok(Duration::from_secs(300)));
        for text in ["0", "-1", "86401", "5m", ""] {
            assert_eq!(seconds(text).unwrap_err(), format!("{text} is not a number of seconds from 1 to 86400"));
        }
    }
}
