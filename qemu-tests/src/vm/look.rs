//! What a script sees on a screen in text mode.

use std::time::{Duration, Instant};

use super::script::Player;

/// How often the screen is looked at: the last words before power-off stand there for a second.
const GLANCE: Duration = Duration::from_millis(100);

impl Player<'_> {
    /// Looks at the screen until there is something to see. What is forbidden is forbidden there as well.
    pub fn watch_screen<T>(&mut self, seconds: u64, see: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            self.still_running()?;
            let screen = self.machine.screen().map_err(|error| format!("{error:#}"))?;
            if let Some(text) = self.forbidden.iter().find(|text| screen.contains(**text)) {
                return Err(format!("`{text}` appeared on the screen, which must not:\n{screen}"));
            }
            if let Some(seen) = see(&screen) {
                return Ok(seen);
            }
            if Instant::now() >= deadline {
                return Err(format!("after {seconds} s there is this instead:\n{screen}"));
            }
            self.take(GLANCE);
        }
    }
}

/// The rest of the first line with the text, once a line stands below it: then it is whole.
pub fn behind(screen: &str, text: &str) -> Option<String> {
    let (rest, below) = screen.split_once(text)?.1.split_once('\n')?;
    (!rest.is_empty() && !below.trim().is_empty()).then(|| rest.to_owned())
}
