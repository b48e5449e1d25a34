//! Company for the installer, beside it in its initrd. Boots that are given their initrd can have one: an observer, a loop that says
//! every argument and every variable of the environment of any process, every mapping, every device that is swapped to, and what never
//! is, once each, on the serial line; a squatter, who takes a swap area on the first disk into use as soon as it is there; an owner,
//! whose boot commands fail; or a sampler, who tries what no installation needs and a command of an owner may.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::command;
use crate::image::cpio::Archive;

/// The kernel word by which a row asks for the observer.
pub const WORD: &str = "rdinit=/observe";
/// The kernel word by which a row asks for the squatter.
pub const SQUATTER: &str = "rdinit=/squat";
/// The kernel word by which a row asks for the owner.
pub const OWNER: &str = "rdinit=/own";
/// The kernel word by which a row asks for the sampler.
pub const SAMPLER: &str = "rdinit=/sample";

/// Whether the kernel words ask for any of them.
pub fn is_asked_for(kernel_words: &[&str]) -> bool {
    kernel_words.iter().any(|word| [WORD, SQUATTER, OWNER, SAMPLER].contains(word))
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

/// A TPM is looked for by the commands of an owner, when the drivers are loaded; EROFS is mounted when stage-2 is there, whose module the
/// kernel asks for.
const SAMPLE: &str = "\
#!/bin/busybox sh
/bin/busybox cat > /etc/autoinstaller/boot-commands <<'COMMANDS'
ls -l /dev/tpm* 2> /dev/null | grep -o '/dev/tpm.*'
for tpm in /sys/class/tpm/tpm*; do
  if [ -e $tpm ]; then echo \"a TPM $(cat $tpm/tpm_version_major).0\"; else echo no TPM; fi
done
COMMANDS
(
  until [ -c /dev/ttyS0 ] && [ -e /stage2/root/usr/lib/modules/deps ]; do /bin/busybox sleep 0.2; done
  /bin/busybox mkdir /tmp/sample
  if /bin/busybox mount -t erofs -o loop,ro /sample.erofs /tmp/sample; then
    echo \"SAMPLED EROFS: $(/bin/busybox cat /tmp/sample/word)\"
  else
    echo SAMPLED no EROFS
  fi > /dev/ttyS0
) &
exec /init
";

/// An EROFS image with one file.
fn erofs(beside: &Path) -> Result<Vec<u8>> {
    let (tree, image) = (beside.with_extension("tree"), beside.with_extension("erofs"));
    fs::create_dir_all(&tree).and_then(|()| fs::write(tree.join("word"), "read")).context("writing what an image is made of")?;
    command::run("making an EROFS image", command::tool("mkfs.erofs").arg(&image).arg(&tree))?;
    fs::read(&image).with_context(|| format!("reading {}", image.display()))
}

/// Writes the initrd with all of them behind it: the kernel unpacks one archive after the other.
pub fn add(initrd: &Path, target: &Path, kernel_words: &[&str]) -> Result<()> {
    let mut bytes = fs::read(initrd).with_context(|| format!("reading {}", initrd.display()))?;
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let mut archive = Archive::default();
    archive.file("observe", 0o755, SCRIPT.into());
    archive.file("squat", 0o755, SQUAT.into());
    archive.file("own", 0o755, OWN.into());
    archive.file("sample", 0o755, SAMPLE.into());
    if kernel_words.contains(&SAMPLER) {
        archive.file("sample.erofs", 0o644, erofs(target)?);
    }
    // The shell gives it to what runs in the background, and there are no devices yet.
    archive.file("dev/null", 0o666, Vec::new());
    bytes.extend(archive.bytes());
    fs::write(target, bytes).with_context(|| format!("writing {}", target.display()))
}
