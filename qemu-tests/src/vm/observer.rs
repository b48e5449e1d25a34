//! Company for the installer, beside it in its initrd. Boots that are given their initrd can have one: an observer, a loop that says
//! every argument and every variable of the environment of any process, every mapping, every device that is swapped to, and what never
//! is, once each, on the serial line; a squatter, who takes a swap area on the first disk into use as soon as it is there; an owner, whose
//! boot commands fail; a killer, who ends whatever sleeps for ever; a miser, who leaves hardly any
//! room for the log; a pest, who sends PID 1 every signal again and again; or a parent, whose boot commands leave daemons behind and die.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::image::cpio::Archive;

/// The kernel word by which a row asks for the observer.
pub const WORD: &str = "rdinit=/observe";
/// The kernel word by which a row asks for the squatter.
pub const SQUATTER: &str = "rdinit=/squat";
/// The kernel word by which a row asks for the owner.
pub const OWNER: &str = "rdinit=/own";

/// The kernel word by which a row asks for the killer.
pub const KILLER: &str = "rdinit=/kill";

/// The kernel word by which a row asks for the miser.
pub const MISER: &str = "rdinit=/save";

/// The kernel word by which a row asks for the pest.
pub const PEST: &str = "rdinit=/pester";

/// The kernel word by which a row asks for the parent.
pub const PARENT: &str = "rdinit=/leave";

/// Whether the kernel words ask for any of them.
pub fn is_asked_for(kernel_words: &[&str]) -> bool {
    kernel_words.iter().any(|word| [WORD, SQUATTER, OWNER, KILLER, MISER, PEST, PARENT].contains(word))
}

/// Name of the initrd with all of them, in the directory of the scenario.
pub const INITRD: &str = "initrd.bin";

/// Begins every line.
pub const PREFIX: &str = "OBSERVED ";

/// The uuid of a mapping has its kind, as cryptsetup made it. Processes live for seconds where a passphrase is stretched, so five looks a
/// second miss none of those.
const SCRIPT: &str = "\
#!/bin/busybox sh
(
  until [ -c /dev/ttyS0 ] && [ -e /proc/self ]; do /bin/busybox sleep 0.1; done
  while :; do
    /bin/busybox cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ /sys/block/dm-*/dm/uuid 2> /dev/null
    /bin/busybox awk 'NR > 1 { print \"swap on \" $1 }' /proc/swaps
    /bin/busybox awk '/^VmLck:/ && $2 > 0 { print \"never swapped: PID 1\" }' /proc/1/status
    echo \"PID 1 is ended last: $(/bin/busybox cat /proc/1/oom_score_adj)\"
    [ \"$(/bin/busybox stat -f -c %T /)\" != ramfs ] || echo never swapped: the initrd
    /bin/busybox awk '$3 == \"ramfs\" { print \"never swapped: \" $2 }' /proc/mounts
    /bin/busybox sleep 0.2
  done | /bin/busybox tr '\\000' '\\n' |
    /bin/busybox awk '!seen[$0]++ { print \"OBSERVED \" $0; fflush() }' > /dev/ttyS0
) &
exec /init
";

const SQUAT: &str = "\
#!/bin/busybox sh
(
  until /bin/busybox swapon /dev/nvme0n1p2 2> /dev/null; do /bin/busybox sleep 0.1; done
  echo SQUATTING > /dev/ttyS0
) &
exec /init
";

/// The driver is loaded before the commands run, and programs are found by their names.
const OWN: &str = "\
#!/bin/busybox sh
/bin/busybox cat > /etc/autoinstaller/boot-commands <<'COMMANDS'
ls /sys/bus/pci/drivers | grep -x nvme | sed 's/$/ is loaded/'
false
echo goes on
echo no dock >&2
exit 3
COMMANDS
exec /init
";

/// Others sleep as well, but not for ever.
const KILL: &str = "\
#!/bin/busybox sh
(
  while :; do
    /bin/busybox sleep 1
    for id in $(/bin/busybox pidof sleep); do
      ! /bin/busybox grep -q infinity /proc/$id/cmdline || /bin/busybox kill -9 $id
    done
  done
) &
exec /init
";

const SAVE: &str = "\
#!/bin/busybox sh
(
  until /bin/busybox mount -o remount,size=32k /run 2> /dev/null; do /bin/busybox sleep 0.1; done
) &
exec /init
";

/// All 64 with numbers, those that end or stop anybody else among them.
const PESTER: &str = "\
#!/bin/busybox sh
(
  until [ -c /dev/ttyS0 ] && [ -e /proc/self ]; do /bin/busybox sleep 0.1; done
  while :; do
    for signal in $(/bin/busybox seq 1 64); do kill -$signal 1 2> /dev/null; done
    [ \"$said\" ] || echo PESTERED > /dev/ttyS0
    said=1
    /bin/busybox sleep 0.3
  done
) &
exec /init
";

/// What they leave has the pipe of its parent, deaf to signals, and keeps the new root busy; others die as orphans.
const LEAVE: &str = "\
#!/bin/busybox sh
/bin/busybox cat > /etc/autoinstaller/boot-commands <<'COMMANDS'
for number in 1 2 3; do
  setsid sh -c 'trap \"\" HUP INT TERM; until grep -q \" /mnt \" /proc/mounts; do sleep 0.1; done
    cd /mnt && echo DAEMON $0 STAYS > /dev/ttyS0; while :; do sleep 1; done' $number &
  setsid sh -c 'sleep 0.5; exit 3' &
done
echo leaving
kill -9 $$
COMMANDS
exec /init
";

/// Writes the initrd with all of them behind it: the kernel unpacks one archive after the other.
pub fn add(initrd: &Path, target: &Path) -> Result<()> {
    let mut bytes = fs::read(initrd).with_context(|| format!("reading {}", initrd.display()))?;
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let mut archive = Archive::default();
    archive.file("observe", 0o755, SCRIPT.into());
    archive.file("squat", 0o755, SQUAT.into());
    archive.file("own", 0o755, OWN.into());
    archive.file("kill", 0o755, KILL.into());
    archive.file("save", 0o755, SAVE.into());
    archive.file("pester", 0o755, PESTER.into());
    archive.file("leave", 0o755, LEAVE.into());
    // The shell gives it to what runs in the background, and there are no devices yet.
    archive.file("dev/null", 0o666, Vec::new());
    bytes.extend(archive.bytes());
    fs::write(target, bytes).with_context(|| format!("writing {}", target.display()))
}
