# The options below `autoInstaller`, alone: which there are, their types, defaults and descriptions. The README's table is made of them.
#
# Invariant: an option is a key of `init` of the same name and with the same default, or is named in `names.nix`. `cargo xtask nix-test`
# compares both ways. Which values are good is said in `rules.nix`.
{
  config,
  lib,
  specialArgs,
  ...
}:
let
  inherit (lib) types;
  cfg = config.autoInstaller;

  option =
    type: default: example: description:
    lib.mkOption {
      inherit
        type
        default
        example
        description
        ;
    };
  required =
    type: example: description:
    lib.mkOption { inherit type example description; };
  switch = default: option types.bool default (!default);
  text = option types.str;
  # Unset says nothing, and `init` decides.
  maybe = type: option (types.nullOr type) null;
  list = type: option (types.listOf type) [ ];
  computed = type: default: more: lib.mkOption ({ inherit type default; } // more);

  # One of `extraFiles`.
  file = {
    text = maybe types.lines "Installed by a stick." "What is in the file.";
    source = maybe types.path (lib.literalExpression "./motd") "A file with what is in it, instead of `text`.";
    mode = text "0644" "0600" "Its permissions, in octal digits.";
    user = option types.int 0 1000 "The number of its owner.";
    group = option types.int 0 100 "The number of its group.";
  };

  # An address that git asks with a key.
  byKey = remote: lib.hasPrefix "ssh://" remote || !lib.hasInfix "://" remote;
  ofFlake =
    if cfg.prebuilt && cfg.flake != null then
      cfg.flake.nixosConfigurations.${cfg.targetHost}.config.system.build.toplevel or null
    else
      null;
  touched =
    if cfg.flake == null then
      true
    else
      cfg.flake.nixosConfigurations.${cfg.targetHost}.config.boot.loader.efi.canTouchEfiVariables or true;
in
{
  options.autoInstaller = {
    targetHost = required types.str "ultraviolet" "The host, as in `nixosConfigurations`.";
    prebuilt = switch false "The closure is on the stick; otherwise the machine clones the flake and builds its own system.";

    repoRemote = maybe types.str "ssh://git@git.example.com/nix-config.git" ''
      Where the flake is, as git writes it. At boot `install.repo=` and `REPO_REMOTE=` are the same.'';
    repoBranch = maybe types.str "main" "Which branch of the repository, instead of its own choice.";
    repoRev = maybe types.str "0123abc" "Which commit of the repository.";
    repoClonePath = text "/mnt/nix-config" "/mnt/persist/nix-config" ''
      Where the clone lies while `/mnt` is the new root.'';
    knownHosts = list types.str [ "git.example.com ssh-ed25519 AAAA" ] "A line of `known_hosts` each.";
    targetUser = maybe types.str "moran" "Who gets the clone.";
    deployKeyToUser = switch true "`targetUser` gets the deploy key, too, in `~/.ssh/github`.";
    nix.settings = {
      substituters = list types.str [ "https://cache.example.com" ] ''
        Caches of store paths. A medium that Nix builds asks NixOS's own after them.'';
      trusted-public-keys = list types.str [ "cache.example.com-1:AAAA" ] ''
        Whose signatures are believed. A medium that Nix builds believes NixOS's own, too.'';
    };

    labels = {
      efi = required types.str "UV-ESP" "Label of the ESP and of its partition, at most 11 characters.";
      root = required types.str "UV-ROOT" ''
        Label of the root file system and its partition, at most 16 characters for ext4, 12 for xfs, 36 otherwise.'';
      luks = text "" "UV-LUKS" "Label of the LUKS partition, at most 36 characters.";
      swap = text "" "UV-SWAP" "Label of the swap partition, at most 15 characters.";
    };
    esp.size = text "1G" "512M" "Size of the ESP, at least `260M`.";
    rootFs = text "ext4" "btrfs" ''
      Kind of the root file system; or `btrfs`, `xfs`, `f2fs`, where their mkfs and module are on the medium; refused before the first write where they are not.'';

    luks = {
      enable = switch false "Encrypt the root file system.";
      mapperName = text "cryptroot" "stygiancrypt" "Name of the opened container.";
      pbkdf = {
        memory = maybe types.int 512 "MiB of argon2id, from 32 to 4096; by default a quarter of the memory, from 64 to 1024.";
        iterations = option types.int 4 8 "Passes of argon2id, from 4 to 64.";
        parallel = maybe types.int 2 "Lanes of argon2id, from 1 to 4; by default the processors, up to 4.";
      };
      keyFile = maybe types.str "luks.key" ''
        A file on the stick's kit partition whose text is the passphrase, for installations without a person.'';
      recoveryKey = switch false "Make a second key and show it once.";
    };

    swap = {
      enable = switch false "A swap partition at the end of the disk.";
      size = text "8G" "512M" "Size of the swap partition: `8G`, `512M`, `8GiB` or a number of sectors.";
    };

    keymap = maybe types.str "de-latin1" ''
      Layout of the keyboard, by the name of a file of console keymaps; the kernel's own is `us`.'';
    extraMountDirs = list types.str [ "/mnt/persist" ] ''
      Directories to create on the new root, with or without the `/mnt` where it is mounted.'';
    extraPostMountCommands = list types.lines [ "chmod 0700 /mnt/persist" ] ''
      Scripts for stage-2's bash, run when the new root is at `/mnt`; the first command that fails stops the installation. `/dev/disk/by-*`
      knows the target, and what they mount below `/mnt` stays mounted until the end.'';
    extraBootCommands = option types.lines "" "echo 1 > /sys/bus/thunderbolt/devices/0-1/authorized" ''
      Commands for busybox' sh, run in the initrd when the drivers are loaded and before the disks are looked at, for two minutes at the most.
      What they say is shown and logged; if they fail, that is a warning, and the installation goes on.'';
    extraInitrdKernelModules = list types.str [ "thunderbolt" ] ''
      Kernel modules that the initrd carries and loads at its start, beside those for disks, USB and keyboards. A name that the kernel
      does not know fails the build.'';

    extraFiles = option (types.attrsOf (types.submodule { options = file; })) { } { "/etc/motd".text = "Installed by a stick."; } ''
      Files to put on the new root, by their paths there, beside those of [the kit](#the-kit), which comes first where both have one; 512 KiB
      together. Everybody who has the image, or can read the builder's store, can read them: secrets belong on the kit partition.'';

    ssh.authorizedKeys = list types.str [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… me" ] ''
      Who may log in while the machine is installed: public keys, a line of an `authorized_keys` file each. With them the machine goes online;
      `install.ssh.authorizedKeys=` at boot is nobody.'';
    requireAgeKey = switch false "Refuse to install without the host's age key on the kit partition.";
    kit.wipeAfterInstall = switch false "Overwrite and remove private keys on the stick at the end.";
    network = {
      enable = switch false "Be online before the question although the closure is on the stick.";
      ip = maybe types.str "10.0.2.9::10.0.2.2:255.255.255.0:eth0:none:10.0.2.3" ''
        `dhcp`, or an address in the words of the kernel's `ip=`, which is understood on the command line as well.'';
    };
    wait-network = option types.int 180 600 "Seconds that a check of the network is waited for.";
    waitBeforePowerOff = switch false ''
      When the system is in place, wait for the word `done` before the disk is read back: until then files can be copied to `/mnt`.'';
    firmwareEntry = computed types.bool touched {
      defaultText = lib.literalMD "the host's `boot.loader.efi.canTouchEfiVariables`, where `flake` has it, otherwise `true`";
      example = false;
      description = ''
        Give the firmware a boot entry for the new system, in place of those that led to the erased disk. What it refuses is a warning: the
        loader lies at the removable path in any case.'';
    };
    powerOff = switch true "Power off at the end, otherwise reboot.";
    bannerText = option types.lines "" "This medium erases a disk." "Shown before the plan.";

    # From here on: what a build with nixpkgs alone understands.
    extraPackages = list types.package (lib.literalExpression "[ pkgs.btrfs-progs ]") "Programs for the scripts, put into stage-2.";
    kernel = maybe (types.either (types.enum [ "own" ]) types.package) (lib.literalExpression "pkgs.linuxPackages_latest.kernel") ''
      The kernel of the stick instead of nixpkgs' default one; `"own"` builds the one of `kernel-config`.'';
    deployKey = {
      publicKey = maybe types.str "ssh-ed25519 AAAA ultraviolet-installer" ''
        The public half of a key whose private half is put on the kit partition. It is printed while building, and no store has the private one.'';
      generate = computed types.bool (cfg.repoRemote != null && byKey cfg.repoRemote && !cfg.prebuilt && cfg.deployKey.publicKey == null) {
        defaultText = lib.literalMD "where the flake is cloned by ssh and there is no `deployKey.publicKey`";
        example = false;
        description = "Make the key while building. Whoever can read the builder's store, or a cache that this is pushed to, can read it.";
      };
    };
    isoName = computed types.str cfg.targetHost {
      defaultText = lib.literalMD "the host's name";
      example = "ultraviolet-installer";
      description = "Name of the image, `iso/NAME.iso`.";
    };
    flake = computed (types.nullOr types.raw) (specialArgs.self or null) {
      defaultText = lib.literalMD "`self`";
      example = lib.literalExpression "inputs.self";
      description = "The flake that has the host. The medium has its date.";
    };
    toplevel = computed (types.nullOr types.package) ofFlake {
      defaultText = lib.literalMD "that of `targetHost` in `flake`";
      example = lib.literalExpression "self.nixosConfigurations.ultraviolet.config.system.build.toplevel";
      description = "The system of a prebuilt medium.";
    };
  };
}
