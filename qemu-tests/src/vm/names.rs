//! What the placeholders in the texts of a scenario stand for. Pure.

use super::oracle::Wanted;
use super::scenario::Scenario;
use crate::image::Image;

/// Placeholders and their values.
pub struct Names(Vec<(&'static str, String)>);

impl Names {
    /// Those of one row and the medium that it runs.
    pub fn of(scenario: &Scenario, image: &Image) -> Names {
        let wanted = Wanted::read(&image.settings_text, scenario.words);
        let encrypted = wanted.on("luks.enable");
        // The system was built for what its host says, and looks for a swap partition that the words of the row have left out.
        let looks_for_swap = Wanted::read(&image.settings_text, &[]).on("swap.enable");
        let swap = match (wanted.on("swap.enable"), encrypted) {
            (false, false) if looks_for_swap => "missing",
            (false, _) => "none",
            (true, false) => "found",
            (true, true) => "encrypted",
        };
        let mapper = wanted.text("luks.mapperName").unwrap_or("cryptroot");
        Names(vec![
            ("{host}", image.settings.target_host.clone()),
            ("{toplevel}", image.toplevel.clone()),
            ("{commit}", image.commit.clone()),
            ("{luks}", if encrypted { format!("{mapper} on ") } else { "none".to_owned() }),
            ("{swap}", swap.to_owned()),
            // The store of a closure is as NixOS wants it. One that Nix makes is not yet: NixOS sees to that when it boots.
            ("{store}", if image.settings.prebuilt { "mode=1775 owner=0:30000" } else { "mode=755 owner=0:0" }.to_owned()),
        ])
    }

    /// The text with every placeholder replaced.
    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}
