//! What follows from a row: what may be written, and what is said when the installed disk boots. Pure.

use super::observer;
use super::scenario::{
    After, Console, FIRMWARE_ENTRY, INSTALLED_SYSTEM, KEYS, LOCKED_SYSTEM, Medium, NOTHING_BOOTS, Net, Scenario, Step, Vars, deadline, flat,
};

impl Scenario {
    /// Whether this disk may differ afterwards.
    pub fn may_write(&self, disk: usize) -> bool {
        self.after.iter().any(|after| matches!(after, After::TargetInstalled(i) | After::DiskWritten(i) if *i == disk))
    }

    /// What is said between the disk and a person when what was installed boots.
    pub fn installed_script(&self, vars: Vars) -> Vec<Step> {
        let entry = (vars == Vars::Left).then_some(FIRMWARE_ENTRY);
        let unlock = self.passphrase.map(|passphrase| [LOCKED_SYSTEM, Step::Type(Console::Serial, passphrase)]);
        entry.into_iter().chain(unlock.into_iter().flatten()).chain(self.finds.iter().copied()).chain([INSTALLED_SYSTEM]).collect()
    }

    /// Whether somebody may log in.
    pub fn has_login(&self) -> bool {
        self.nics.iter().any(|card| card.net == Net::Login)
    }

    /// Whether the person knows the machine's host key beforehand.
    pub fn is_known(&self) -> bool {
        self.kit.iter().any(|(_, text)| text.contains("{hostKey}"))
    }

    /// Whether somebody runs beside the installer.
    pub fn has_company(&self) -> bool {
        observer::is_asked_for(self.kernel_words)
    }

    /// Whether somebody looks at all processes while it runs.
    pub fn is_observed(&self) -> bool {
        self.kernel_words.contains(&observer::WORD)
    }

    /// Whether the machine goes on after a reset.
    pub fn survives_reset(&self) -> bool {
        flat(self.script).iter().any(|step| matches!(step, Step::ExpectReset(_)))
    }

    /// Whether it comes to the failure screen, and may leave its log.
    pub fn fails(&self) -> bool {
        flat(self.script).iter().any(|step| matches!(step, Step::Expect(text, _) if text.ends_with(KEYS) || text.contains("press r to ")))
    }

    /// Whether the kit partition may change: for the log of a failure, or for what a row looks for on it.
    pub fn may_write_kit(&self) -> bool {
        self.medium != Medium::Cdrom
            && (self.fails() || self.after.iter().any(|after| matches!(after, After::KitHas(..) | After::KitLacks(_))))
    }

    /// An upper bound of the run in seconds: the sum of its deadlines. Orders the scenarios, longest first.
    pub fn bound(&self) -> u64 {
        let boots = self.after.iter().map(|after| match after {
            After::BootsInstalled(vars) => deadline(&self.installed_script(*vars)),
            After::NotBootable(_) => deadline(NOTHING_BOOTS),
            _ => 0,
        });
        deadline(self.script) + boots.sum::<u64>()
    }
}
