//! What stands on the consoles when the question is asked.

use std::fs::read_to_string;

use crate::decide::{self, Carried, Disk, Loser, Outcome, Page, Plan, Undecided};
use crate::pid1::{console, truth, viewers};
use crate::settings::Settings;

/// The owner's own text, shown before the plan.
const BANNER: &str = "/etc/autoinstaller/banner";

/// A plan, or why there is none.
pub enum Shown {
    /// A plan to say yes to.
    Plan(Box<Plan>),
    /// No plan: a disk must be named.
    Open(Box<Undecided>),
}

impl Shown {
    /// Makes the plan, if the choice led to a disk.
    pub fn new(outcome: Outcome, disks: &[Disk], settings: &Settings, carried: Carried) -> Shown {
        match outcome {
            Outcome::Open(why) => Shown::Open(why),
            Outcome::Target(choice) => Shown::Plan(Box::new(Plan::new(settings, *choice, disks, carried))),
        }
    }

    /// What is asked.
    pub fn question(&self) -> String {
        match self {
            Shown::Plan(plan) => plan.question(),
            Shown::Open(why) => format!("{}: type the name of the disk to erase, plug one in, or no to power off: ", why.cause),
        }
    }

    /// Prints a screenful on every console. The log gets every line whole.
    pub fn print(&self, settings: &Settings, toplevel: Option<&str>) {
        read_to_string(BANNER).unwrap_or_default().lines().for_each(|line| log::info!("{line}"));
        let (others, notes, body, steps): (&[Loser], &[String], Vec<String>, Vec<String>) = match self {
            Shown::Plan(plan) => (plan.others(), plan.notes(), plan.body(), plan.acts()),
            Shown::Open(why) => (&why.disks, &why.notes, Vec::new(), Vec::new()),
        };
        // By what a person who is not here knows that it is this machine, on the screen of who is.
        let other = if let Shown::Plan(plan) = self { truth::erased_other(&plan.target.name) } else { None };
        let other = other.map(|disk| format!("warning: {disk} was erased by the run before, and this plan erases another disk"));
        let body: Vec<String> = viewers::invitation().map(|how| how.to_string()).into_iter().chain(other).chain(body).collect();
        log::debug!("the system on this medium is {}", toplevel.unwrap_or("none"));
        others.iter().for_each(|other| log::debug!("not chosen: {other}"));
        notes.iter().chain(&body).chain(&decide::numbered(&steps)).for_each(|line| log::debug!("{line}"));
        let head =
            format!("autoinstaller: this medium installs {} ({})", settings.target_host, toplevel.map_or("built from a flake", name));
        let lines = Page { head: &head, others, notes, body: &body, steps: &steps, question: &self.question() }.lines();
        console::print(&(lines.join("\n") + "\n"));
    }
}

/// A store path's name, without directory and hash.
fn name(path: &str) -> &str {
    path.rsplit('/').next().and_then(|last| last.split_once('-')).map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_store_path_has_a_name() {
        assert_eq!(name("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-ultraviolet-25.11"), "nixos-system-ultraviolet-25.11");
        assert_eq!(name("/elsewhere"), "/elsewhere");
    }
}
