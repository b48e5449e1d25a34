# The rules of the settings, as one table for both who enforce them: `init`, which reads the settings file, and the module. A case is what a host
# says beside the least it must say (`least`), and what is wrong with it, word by word; null when it is good.
let
  bad = error: settings: { inherit error settings; };
  good = bad null;
  # Beyond what a settings file can express, or an image alone has: the module's own.
  moduleOnly = error: settings: bad error settings // { moduleOnly = true; };

  x = n: builtins.concatStringsSep "" (builtins.genList (_: "x") n);
  secret = "the address has a password or a token in it, which would be shown: use a deploy key";
  attributes = more: { extraFiles."/etc/x" = { text = ""; } // more; };
  ipForm = "is neither dhcp nor ADDRESS::GATEWAY:NETMASK::LINK:none:DNS";
  online = {
    prebuilt = false;
    repoRemote = "git@git.example.com:me/config";
  };
in
{
  least = {
    targetHost = "a";
    prebuilt = true;
    labels = {
      efi = "E";
      root = "R";
    };
  };

  cases = [
    # What is missing.
    (good { })
    (bad "targetHost is missing" { targetHost = ""; })
    (bad "labels.efi is missing" { labels.efi = ""; })
    (bad "labels.root is missing" { labels.root = ""; })

    # Combinations.
    (bad "luks.enable needs labels.luks" { luks.enable = true; })
    (good {
      luks.enable = true;
      labels.luks = "L";
    })
    (good { labels.luks = "L"; })
    (bad "luks.recoveryKey is shown to whoever types the passphrase, and with luks.keyFile nobody does" {
      luks = {
        enable = true;
        keyFile = "k";
        recoveryKey = true;
      };
      labels.luks = "L";
    })
    (good {
      luks = {
        keyFile = "k";
        recoveryKey = true;
      };
    })
    (bad "swap.enable needs labels.swap" { swap.enable = true; })
    (good {
      swap.enable = true;
      labels.swap = "S";
    })
    (bad "the label E is given twice" { labels.root = "E"; })
    (bad "the label R is given twice" { labels.luks = "R"; })
    (bad "the label R is given twice" { labels.swap = "R"; })
    (bad "prebuilt=false needs repoRemote: the system is built from a flake" { prebuilt = false; })
    (good online)

    # The host.
    (good { targetHost = x 63; })
    (bad "targetHost: ${x 64} is not a host name: use letters, digits and -" { targetHost = x 64; })
    (bad "targetHost: ../x is not a host name: use letters, digits and -" { targetHost = "../x"; })
    (bad "targetHost: -x is not a host name: use letters, digits and -" { targetHost = "-x"; })
    (bad "targetHost: x- is not a host name: use letters, digits and -" { targetHost = "x-"; })

    # Labels.
    (good { labels.efi = "ELEVEN-CHAR"; })
    (bad "labels.efi: TWELVE-CHARS has 12 characters, a vfat label has at most 11" { labels.efi = "TWELVE-CHARS"; })
    (bad "labels.efi: UV.ESP has a ., which a vfat label cannot have" { labels.efi = "UV.ESP"; })
    (bad "labels.efi: A]B has a ], which a vfat label cannot have" { labels.efi = "A]B"; })
    (bad "labels.efi: \"a b\" is not a label: use printable ASCII characters other than / \\ and \"" { labels.efi = "a b"; })
    (good { labels.root = x 16; })
    (bad "labels.root: ${x 17} has 17 characters, a ext4 label has at most 16" { labels.root = x 17; })
    (bad "labels.root: ${x 13} has 13 characters, a xfs label has at most 12" {
      rootFs = "xfs";
      labels.root = x 13;
    })
    (good {
      rootFs = "btrfs";
      labels.root = x 36;
    })
    (bad "labels.root: ${x 37} has 37 characters, a GPT label has at most 36" {
      rootFs = "f2fs";
      labels.root = x 37;
    })
    (good { labels.luks = "[a]^~!"; })
    (bad "labels.luks: ${x 37} has 37 characters, a GPT label has at most 36" { labels.luks = x 37; })
    (bad "labels.luks: \"a/b\" is not a label: use printable ASCII characters other than / \\ and \"" { labels.luks = "a/b"; })
    (bad "labels.luks: \"a\\\\b\" is not a label: use printable ASCII characters other than / \\ and \"" { labels.luks = "a\\b"; })
    (good { labels.swap = x 15; })
    (bad "labels.swap: ${x 16} has 16 characters, a swap label has at most 15" { labels.swap = x 16; })

    # Sizes.
    (good { swap.size = "4096"; })
    (good { swap.size = "8GiB"; })
    (good { swap.size = "008M"; })
    (good { swap.size = "16777215T"; })
    (bad "swap.size: 16777216T is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "16777216T"; })
    (good { swap.size = "18446744073709551615"; })
    (bad "swap.size: 18446744073709551616 is not a size: use 8G, 512M, 8GiB or a number of sectors" {
      swap.size = "18446744073709551616";
    })
    (good { swap.size = "18014398509481983K"; })
    (bad "swap.size: 18014398509481984K is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "18014398509481984K"; })
    (bad "swap.size: G is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "G"; })
    (bad "swap.size: 99999999999999999999 is not a size: use 8G, 512M, 8GiB or a number of sectors" {
      swap.size = "99999999999999999999";
    })
    (bad "swap.size: lots is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "lots"; })
    (bad "swap.size: 0G is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "0G"; })
    (bad "swap.size: 0 is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "0"; })
    (bad "swap.size: 8GB is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "8GB"; })
    (bad "swap.size: 8iB is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "8iB"; })
    (bad "swap.size: 8GiBiB is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "8GiBiB"; })
    (bad "swap.size: -1G is not a size: use 8G, 512M, 8GiB or a number of sectors" { swap.size = "-1G"; })
    (good { esp.size = "260M"; })
    (good { esp.size = "266240K"; })
    (bad "esp.size: 266239K is too small for FAT32 on every disk: use at least 260M" { esp.size = "266239K"; })
    (bad "esp.size: 100M is too small for FAT32 on every disk: use at least 260M" { esp.size = "100M"; })
    (bad "esp.size: 2097152 has no unit: use 1G or 512M" { esp.size = "2097152"; })
    (bad "esp.size: huge is not a size: use 8G, 512M, 8GiB or a number of sectors" { esp.size = "huge"; })
    (bad "rootFs: zfs is not a root file system: use ext4, btrfs, xfs or f2fs" { rootFs = "zfs"; })

    # Encryption.
    (bad "luks.mapperName: control cannot be the name of a mapping" { luks.mapperName = "control"; })
    (bad "luks.mapperName: installation-swap is the installer's own name of a mapping" { luks.mapperName = "installation-swap"; })
    (bad "luks.mapperName: \"a/b\" cannot be the name of a mapping: use at most 127 letters, digits, _ + and -, which cannot come first" {
      luks.mapperName = "a/b";
    })
    (bad "luks.mapperName: \"-a\" cannot be the name of a mapping: use at most 127 letters, digits, _ + and -, which cannot come first" {
      luks.mapperName = "-a";
    })
    (good { luks.mapperName = x 127; })
    (bad "luks.mapperName: \"${x 128}\" cannot be the name of a mapping: use at most 127 letters, digits, _ + and -, which cannot come first" {
      luks.mapperName = x 128;
    })
    (good { luks.pbkdf.memory = 32; })
    (bad "luks.pbkdf.memory: 31 is not a number from 32 to 4096" { luks.pbkdf.memory = 31; })
    (bad "luks.pbkdf.memory: 4097 is not a number from 32 to 4096" { luks.pbkdf.memory = 4097; })
    (bad "luks.pbkdf.iterations: 3 is not a number from 4 to 64" { luks.pbkdf.iterations = 3; })
    (bad "luks.pbkdf.parallel: 5 is not a number from 1 to 4" { luks.pbkdf.parallel = 5; })
    (bad "luks.keyFile: \"../x\" is not the name of a file: use letters, digits, . _ and -" { luks.keyFile = "../x"; })
    (bad "luks.keyFile: \".hidden\" is not the name of a file: use letters, digits, . _ and -" { luks.keyFile = ".hidden"; })
    (good { keymap = "de-latin1"; })
    (bad "keymap: \"${x 256}\" is not the name of a file: use letters, digits, . _ and -" { keymap = x 256; })

    # Directories.
    (good {
      extraMountDirs = [
        "/persist"
        "/mnt/models"
        "/a/b/"
        "/mnt2"
      ];
    })
    (bad "extraMountDirs: /nix-config/x lies in repoClonePath, where git needs an empty directory" {
      extraMountDirs = [ "/mnt/nix-config/x" ];
    })
    (good { extraMountDirs = [ "/nix-config" "/nix-configs" ]; })
    (bad "extraMountDirs: persist is not an absolute path without . and .." { extraMountDirs = [ "persist" ]; })
    (bad "extraMountDirs: /a/../b is not an absolute path without . and .." {
      extraMountDirs = [
        "/fine"
        "/a/../b"
      ];
    })
    (bad "extraMountDirs: /a//b is not an absolute path without . and .." { extraMountDirs = [ "/a//b" ]; })
    (bad "extraMountDirs: / is not an absolute path without . and .." { extraMountDirs = [ "/" ]; })
    (bad "extraMountDirs: //a is not an absolute path without . and .." { extraMountDirs = [ "//a" ]; })

    # Files.
    (good {
      extraFiles = {
        "/etc/a b".text = "";
        "/home/alice/.netrc" = {
          text = "x";
          mode = "600";
          user = 1000;
          group = 4294967294;
        };
      };
    })
    (bad "extraFiles: etc/x: it is not an absolute path" { extraFiles."etc/x".text = ""; })
    (bad "extraFiles: /etc/x: it needs either a text or a source" { extraFiles."/etc/x".mode = "0600"; })
    (bad "extraFiles: /etc/x: it needs either a text or a source" {
      extraFiles."/etc/x" = {
        text = "";
        source = "/etc/passwd";
      };
    })
    (bad "extraFiles: /etc/../x: \"etc/../x\" is not a path below / without . and .., in ASCII" { extraFiles."/etc/../x".text = ""; })
    (bad "extraFiles: /etc/x/: \"etc/x/\" is not a path below / without . and .., in ASCII" { extraFiles."/etc/x/".text = ""; })
    (bad "extraFiles: /etc/ä: \"etc/ä\" is not a path below / without . and .., in ASCII" { extraFiles."/etc/ä".text = ""; })
    (good { extraFiles."/1/2/3/4/5/6/7/8/9/10/11/x".text = ""; })
    (bad "extraFiles: /1/2/3/4/5/6/7/8/9/10/11/12/x: \"1/2/3/4/5/6/7/8/9/10/11/12/x\" lies in more than 11 directories" {
      extraFiles."/1/2/3/4/5/6/7/8/9/10/11/12/x".text = "";
    })
    (bad "extraFiles: /run/x: nothing can be placed in /run" { extraFiles."/run/x".text = ""; })
    (bad "extraFiles: /etc/x: \"4755\" is not a mode: use 0600 to 0777" (attributes { mode = "4755"; }))
    (bad "extraFiles: /etc/x: \"u=rw\" is not a mode: use 0600 to 0777" (attributes { mode = "u=rw"; }))
    (bad "extraFiles: /etc/x: \"-1:0\" is not an owner: use UID:GID, in numbers" (attributes { user = -1; }))
    (bad "extraFiles: /etc/x: \"0:4294967295\" is not an owner: use UID:GID, in numbers" (attributes { group = 4294967295; }))

    # The network.
    (good { network.ip = "dhcp"; })
    (good { network.ip = ":::::eth0:dhcp"; })
    (good { network.ip = "10.0.2.9:10.0.2.1:10.0.2.2:255.255.255.0:host:eth1:none:10.0.2.3:10.0.2.4:10.0.2.5"; })
    (good { network.ip = "10.0.2.9:::20:::off"; })
    (bad "network.ip: off ${ipForm}" { network.ip = "off"; })
    (bad "network.ip: 10.0.2.9 ${ipForm}" { network.ip = "10.0.2.9"; })
    (bad "network.ip: 10.0.2.9:::24::eth0:dhcp ${ipForm}" { network.ip = "10.0.2.9:::24::eth0:dhcp"; })
    (bad "network.ip: \"\" is not an IPv4 address" { network.ip = "::::::off"; })
    (bad "network.ip: \"10.0.2\" is not an IPv4 address" { network.ip = "10.0.2::10.0.2.2:24"; })
    (bad "network.ip: \"10.0.2.256\" is not an IPv4 address" { network.ip = "10.0.2.256::10.0.2.2:24"; })
    (bad "network.ip: \"gate\" is not an IPv4 address" { network.ip = "10.0.2.9::gate:24"; })
    (bad "network.ip: \"x\" is not an IPv4 address" { network.ip = "10.0.2.9:::24:::none:x"; })
    (bad "network.ip: \"255.0.255.0\" is not a netmask" { network.ip = "10.0.2.9::10.0.2.2:255.0.255.0"; })
    (bad "network.ip: \"+24\" is not a netmask" { network.ip = "10.0.2.9::10.0.2.2:+24"; })
    (bad "network.ip: \"33\" is not a netmask" { network.ip = "10.0.2.9::10.0.2.2:33"; })
    (bad "network.ip: \"\" is not a netmask" { network.ip = "10.0.2.9::10.0.2.2:"; })
    (bad "network.ip: \"0.0.0.0\" is not a netmask" { network.ip = "10.0.2.9:::0.0.0.0"; })
    (bad "network.ip: \"../x\" is not the name of a link" { network.ip = "10.0.2.9::10.0.2.2:24::../x"; })
    (bad "network.ip: [fe80::1]:::64: an IPv6 address cannot be given: routers announce those" { network.ip = "[fe80::1]:::64"; })
    (good { wait-network = 86400; })
    (bad "wait-network: 0 is not a number of seconds from 1 to 86400" { wait-network = 0; })
    (bad "wait-network: 86401 is not a number of seconds from 1 to 86400" { wait-network = 86401; })

    # The repository, and who is trusted.
    (good (online // { repoRemote = "file:///srv/x"; }))
    (good (online // { repoRemote = "ssh://git@10.0.2.100/fixture.git"; }))
    (bad "repoRemote: example.com is not the address of a git repository" { repoRemote = "example.com"; })
    (bad "repoRemote: ext::sh is not the address of a git repository" { repoRemote = "ext::sh"; })
    (bad "repoRemote: a@b::x is not the address of a git repository" { repoRemote = "a@b::x"; })
    (bad "repoRemote: --upload-pack=x is not the address of a git repository" { repoRemote = "--upload-pack=x"; })
    (bad "repoRemote: https://a b is not the address of a git repository" { repoRemote = "https://a b"; })
    (bad "repoRemote: ${secret}" { repoRemote = "https://token@example.com/x"; })
    (bad "repoRemote: ${secret}" { repoRemote = "ssh://me:secret@example.com/x"; })
    (good { repoBranch = "feature/x]y"; })
    (bad "repoBranch: --x is not the name of a branch" { repoBranch = "--x"; })
    (bad "repoBranch: a..b is not the name of a branch" { repoBranch = "a..b"; })
    (bad "repoBranch: a~1 is not the name of a branch" { repoBranch = "a~1"; })
    (bad "repoBranch: a\\b is not the name of a branch" { repoBranch = "a\\b"; })
    (bad "repoBranch: a/ is not the name of a branch" { repoBranch = "a/"; })
    (good { repoRev = "0123456789abcdefABCDEF0123456789abcdef01"; })
    (bad "repoRev: main is not the hash of a commit: use 7 to 64 hexadecimal digits" { repoRev = "main"; })
    (good { repoClonePath = "/mnt/home/me/nix-config"; })
    (bad "repoClonePath: /mnt/nix is the system's own" { repoClonePath = "/mnt/nix"; })
    (bad "repoClonePath: /mnt/boot/x is the system's own" { repoClonePath = "/mnt/boot/x"; })
    (bad "repoClonePath: /mnt/etc is the system's own" { repoClonePath = "/mnt/etc"; })
    (bad "repoClonePath: /etc is not a directory below /mnt: use letters, digits, . _ and -" { repoClonePath = "/etc"; })
    (bad "repoClonePath: /mnt/ is not a directory below /mnt: use letters, digits, . _ and -" { repoClonePath = "/mnt/"; })
    (bad "repoClonePath: /mnt/a/../b is not a directory below /mnt: use letters, digits, . _ and -" { repoClonePath = "/mnt/a/../b"; })
    (bad "repoClonePath: /mnt/a#b is not a directory below /mnt: use letters, digits, . _ and -" { repoClonePath = "/mnt/a#b"; })
    (good { targetUser = "moran"; })
    (bad "targetUser: ../root is not the name of a user" { targetUser = "../root"; })
    (bad "targetUser: ${x 33} is not the name of a user" { targetUser = x 33; })
    (good { ssh.authorizedKeys = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKzjdtUvM6gi0z0ShNGxRUINHRYWV3mAO6S3WAiFgFZ me@home" ]; })
    (good { ssh.authorizedKeys = [ "AAAAC3NzaC1lZDI1NTE5AAAAIHKzjdtUvM6gi0z0ShNGxRUINHRYWV3mAO6S3WAiFgFZ" ]; })
    (bad "ssh.authorizedKeys: this is no public key: a line of an authorized_keys file without options, TYPE KEY" {
      ssh.authorizedKeys = [ "no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKzjdtUvM6gi0z0ShNGxRUINHRYWV3mAO6S3WAiFgFZ" ];
    })
    (bad "ssh.authorizedKeys: this is no public key: a line of an authorized_keys file without options, TYPE KEY" {
      ssh.authorizedKeys = [ "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIHKzjdtUvM6gi0z0ShNGxRUINHRYWV3mAO6S3WAiFgFZ" ];
    })
    (good { knownHosts = [ "git.example.com ssh-ed25519 AAAA" ]; })
    (bad "knownHosts: example.com is not a line of a known_hosts file: HOST TYPE KEY" { knownHosts = [ "example.com" ]; })
    (good { nix.settings.substituters = [ "https://cache.example.com" ]; })
    (bad "nix.settings.substituters: -x is not the address of a cache" { nix.settings.substituters = [ "-x" ]; })
    (bad "nix.settings.substituters: ${secret}" { nix.settings.substituters = [ "https://me:token@example.com" ]; })
    (good { nix.settings.trusted-public-keys = [ "a-1:AAAA" ]; })
    (bad "nix.settings.trusted-public-keys: key is not a public key: NAME:KEY" { nix.settings.trusted-public-keys = [ "key" ]; })

    # Switches, and everything at once.
    (good {
      deployKeyToUser = false;
      requireAgeKey = true;
      kit.wipeAfterInstall = true;
      network.enable = true;
      powerOff = false;
    })

    # What only the module is told.
    (moduleOnly "deployKey.publicKey: id is not a public key of ssh: ssh-ed25519 KEY" { deployKey.publicKey = "id"; })
    (moduleOnly "deployKey.generate makes a key, and deployKey.publicKey is that of another one" {
      deployKey = {
        generate = true;
        publicKey = "ssh-ed25519 AAAA a-installer";
      };
    })
    (moduleOnly "isoName: \"a/b\" is not the name of a file: use letters, digits, . _ and -" { isoName = "a/b"; })
    (moduleOnly "targetUser: has a line break" { targetUser = "a\nb"; })
    (moduleOnly "knownHosts: has a line break" { knownHosts = [ "a b c\nd e f" ]; })
  ];
}
