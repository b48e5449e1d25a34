//! The pause before the disk is read back: a person may look at the new root and copy files to it, over ssh or by other means of their own.
//! It ends by a word alone, however long that takes, also where nobody may be asked about anything else: that is what it is for.

use crate::pid1::{console, survivors, viewers};

/// What ends it.
const WORD: &str = "done";

/// Returns when a person has typed the word.
pub fn until_done() {
    log::info!("the system is in place below /mnt, and files can be copied there now");
    if let Some(how) = viewers::invitation() {
        log::info!("{how}");
    }
    let question = ["autoinstaller: type ", WORD, " to have the disk read back and the installation ended: "].concat();
    let mut warned = false;
    loop {
        if console::ask(&question, || false).as_deref() != Some(WORD) {
            continue;
        }
        if warned || !survivors::are_others() {
            return;
        }
        warned = true;
        log::info!("somebody is still logged in who may be copying: the word again cuts that off");
    }
}
