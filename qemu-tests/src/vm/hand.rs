//! What is done to a machine, and not waited for: keys, plugs and cables, and disks that stop.

use anyhow::{Result, bail};

use super::scenario::Step;
use super::script::Machine;

/// Does the step.
pub fn does(machine: &mut dyn Machine, step: &Step) -> Result<()> {
    match *step {
        Step::Type(console, text) => machine.type_line(console, text),
        Step::Send(bytes) => machine.send(bytes),
        Step::Picture(name) => machine.picture(name),
        Step::Plug(disk) => machine.plug(disk),
        Step::Pull(disk) => machine.pull(disk),
        Step::Stall(disk) => machine.stall(disk),
        Step::Cable(card) => machine.cable(card, true),
        Step::CableOut(card) => machine.cable(card, false),
        Step::Unplug => machine.unplug(),
        Step::PlugBack => machine.plug_back(),
        Step::CtrlAltDel => machine.ctrl_alt_del(),
        step => bail!("{step}: no hand can do that"),
    }
}
