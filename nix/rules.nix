# What is wrong with evaluated `autoInstaller` options: a list of sentences, empty when all is well.
#
# `init` has the last word and the same rules (`init/src/settings`); these say it while evaluating. `nix/tests/cases.nix` is the one table that both
# are tested against, word by word.
{ lib, cfg }:
let
  values = import ./rules-of-values.nix { inherit lib; };

  inherit (lib) optional;
  given = v: v != null && v != "";

  of = key: check: v: map (cause: "${key}: ${cause}") (lib.optionals (given v) (check v));
  each = key: check: lib.concatMap (of key check);
  missing = key: v: optional (!given v) "${key} is missing";

  # Lines of the settings file, which have one line each.
  names = import ./names.nix;
  broken =
    path: v:
    if lib.isAttrs v then
      lib.concatLists (lib.mapAttrsToList (name: broken (path ++ [ name ])) v)
    else if lib.isList v then
      lib.concatMap (broken path) v
    else
      optional (lib.isString v && builtins.match "[^\n\r]*" v == null) "${lib.concatStringsSep "." path}: has a line break";

  labels = lib.filter given [
    cfg.labels.efi
    cfg.labels.luks
    cfg.labels.root
    cfg.labels.swap
  ];
  # As the installed system sees them.
  mountDirs = map (path: if lib.hasPrefix "/mnt/" path then lib.removePrefix "/mnt" path else path) cfg.extraMountDirs;
  twice = lib.filter (label: lib.count (other: other == label) labels > 1) labels;
in
broken [ ] (removeAttrs cfg (names.files ++ names.build))
++ missing "targetHost" cfg.targetHost
++ missing "labels.efi" cfg.labels.efi
++ missing "labels.root" cfg.labels.root

++ of "targetHost" values.hostName cfg.targetHost
++ of "labels.efi" values.vfatLabel cfg.labels.efi
++ of "labels.luks" values.partitionLabel cfg.labels.luks
++ of "labels.root" (values.rootLabel cfg.rootFs) cfg.labels.root
++ of "labels.swap" values.swapLabel cfg.labels.swap
++ of "esp.size" values.espSize cfg.esp.size
++ of "rootFs" values.rootFs cfg.rootFs
++ of "luks.mapperName" values.mapperName cfg.luks.mapperName
++ of "luks.pbkdf.memory" (values.number 32 4096) cfg.luks.pbkdf.memory
++ of "luks.pbkdf.iterations" (values.number 4 64) cfg.luks.pbkdf.iterations
++ of "luks.pbkdf.parallel" (values.number 1 4) cfg.luks.pbkdf.parallel
++ of "luks.keyFile" values.fileName cfg.luks.keyFile
++ of "swap.size" values.size cfg.swap.size
++ of "keymap" values.fileName cfg.keymap
++ each "extraMountDirs" values.directory cfg.extraMountDirs
++ lib.concatLists (
  lib.mapAttrsToList (path: file: map (cause: "extraFiles: ${path}: ${cause}") (values.extraFile path file)) cfg.extraFiles
)
++ of "network.ip" values.ip cfg.network.ip
++ of "wait-network" values.seconds cfg.wait-network
++ of "repoRemote" values.remote cfg.repoRemote
++ of "repoBranch" values.branch cfg.repoBranch
++ of "repoRev" values.rev cfg.repoRev
++ of "repoClonePath" values.clone cfg.repoClonePath
++ of "targetUser" values.user cfg.targetUser
++ each "knownHosts" values.knownHost cfg.knownHosts
++ each "ssh.authorizedKeys" values.authorizedKey cfg.ssh.authorizedKeys
++ each "nix.settings.substituters" values.substituter cfg.nix.settings.substituters
++ each "nix.settings.trusted-public-keys" values.trustedKey cfg.nix.settings.trusted-public-keys
++ of "deployKey.publicKey" values.publicKey cfg.deployKey.publicKey
++ of "isoName" values.fileName (if cfg.isoName == cfg.targetHost then null else cfg.isoName)

++ optional (cfg.luks.enable && !given cfg.labels.luks) "luks.enable needs labels.luks"
++ optional (
  cfg.luks.enable && given cfg.luks.keyFile && cfg.luks.recoveryKey
) "luks.recoveryKey is shown to whoever types the passphrase, and with luks.keyFile nobody does"
++ optional (cfg.swap.enable && !given cfg.labels.swap) "swap.enable needs labels.swap"
++ map (path: "extraMountDirs: ${path} lies in repoClonePath, where git needs an empty directory") (
  lib.take 1 (lib.filter (lib.hasPrefix "${lib.removePrefix "/mnt" cfg.repoClonePath}/") mountDirs)
)
++ optional (twice != [ ]) "the label ${lib.head twice} is given twice"
++ optional (
  !cfg.prebuilt && !given cfg.repoRemote
) "prebuilt=false needs repoRemote: the system is built from a flake"
++ optional (
  cfg.deployKey.generate && cfg.deployKey.publicKey != null
) "deployKey.generate makes a key, and deployKey.publicKey is that of another one"
