//! The pause before the disk is read back: a person may look at the new root and copy files to it, over ssh or by other means of their own.
//! It ends by a word alone, however long that takes, also where nobody may be asked about anything else: that is what it is for.

use crate::pid1::{console, viewers};

/// What ends it.
const WORD: &str = "done";

/// Returns when a person has typed the word.
pub fn until_done() {
    log::info!("the system is in place below /mnt, and files can be copied there now");
    if let Some(how) = viewers::invitation() {
        log::info!("for instance with scp FILE root@{}:/mnt/PATH ({how})", how.address);
    }
    let question = format!("autoinstaller: type {WORD} to have the disk read back and the installation ended: ");
    while console::ask(&question, || false).as_deref() != Some(WORD) {
        log::info!("only the word {WORD} ends the pause");
    }
}
