//! How the servers are told what to serve: their files, below the directory that is served.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::keys;
use crate::cache::Key;

/// One account, each of whose keys may do one thing. Who owns the files says nothing here.
const SSH_CONF: &str = "\
HostKey /srv/keys/host
AuthorizedKeysFile /srv/authorized_keys
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PidFile none
LogLevel VERBOSE
";
/// A server with this in addition dies once.
const KILLED: &str = "SetEnv KILL_ONCE=1\n";

/// For the certificate of that name.
const STUNNEL_CONF: &str = "\
cert = /srv/keys/NAME.pem
key = /srv/keys/NAME.key
pid =
syslog = no
debug = 4
exec = /usr/bin/busybox
execArgs = busybox httpd -i -h /srv/www
";

/// What a key runs, whatever was asked for: it is good for the repository that is named here. In the middle of the first clone the server dies once, if it is one of those:
/// a file among those of the machine says that it has. Who only lists branches does not need as many reads.
const FORCED: &str = "\
#!/bin/sh
repository=/$1.git
if [ \"$SSH_ORIGINAL_COMMAND\" != \"git-upload-pack '$repository'\" ]; then
  echo \"this key may fetch $repository, and nothing else\" >&2
  exit 1
fi
if [ -n \"${KILL_ONCE:-}\" ] && [ ! -e /mnt/killed ]; then
  session=$PPID
  git upload-pack \"/srv$repository\" | {
    busybox dd bs=64k count=40 2> /dev/null
    if [ \"$(busybox dd bs=1 count=1 2> /dev/null | busybox wc -c)\" = 1 ]; then
      : > /mnt/killed
      kill -9 $session
    fi
  }
  exit
fi
exec git upload-pack \"/srv$repository\"
";

/// Has nothing, and knows what day it is: one on which the certificate that begins late is good.
const CALENDAR: &str = "\
#!/bin/sh
while read -r line && [ \"${#line}\" -gt 1 ]; do :; done
printf 'HTTP/1.0 404 Not Found\\r\\nDate: Sat, 01 Jun 2030 12:00:00 GMT\\r\\nContent-Length: 0\\r\\n\\r\\n'
";

const GIT_CGI: &str = "\
#!/bin/sh
export GIT_PROJECT_ROOT=/srv GIT_HTTP_EXPORT_ALL=1 HOME=/srv
exec git http-backend
";

/// What it says, and what another one says, on whose day that certificate is not good yet.
const DAY: &str = "Sat, 01 Jun 2030";
const EARLIER_DAY: &str = "Thu, 01 Mar 2029";

/// Name, permissions and text of every file but the list of keys.
fn files() -> [(&'static str, u32, String); 8] {
    [
        ("ssh.conf", 0o644, SSH_CONF.to_owned()),
        ("ssh-killed.conf", 0o644, format!("{SSH_CONF}{KILLED}")),
        ("stunnel.conf", 0o644, STUNNEL_CONF.replace("NAME", "tls")),
        ("stunnel-late.conf", 0o644, STUNNEL_CONF.replace("NAME", "late")),
        ("calendar", 0o755, CALENDAR.to_owned()),
        ("calendar-behind", 0o755, CALENDAR.replace(DAY, EARLIER_DAY)),
        ("upload-pack", 0o755, FORCED.to_owned()),
        ("www/cgi-bin/git", 0o755, GIT_CGI.to_owned()),
    ]
}

/// Adds all of it to the key of what is served.
pub fn identify(key: &mut Key) {
    files().iter().for_each(|(name, _, text)| [name.as_bytes(), text.as_bytes()].iter().for_each(|part| key.add(part)));
}

/// Writes the files below `served`, where the keys are already.
pub fn write(served: &Path) -> Result<()> {
    let allow = |(name, repository)| Ok(format!("restrict,command=\"/srv/upload-pack {repository}\" {}", keys::read(served, name)?));
    let allowed = [("deploy.pub", "fixture"), ("otherdeploy.pub", "fixture"), ("module.pub", "module")]
        .into_iter()
        .map(allow)
        .collect::<Result<String>>()?;
    for (name, mode, text) in files().into_iter().chain([("authorized_keys", 0o644, allowed)]) {
        let path = served.join(name);
        let parent = path.parent().unwrap_or(served);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
