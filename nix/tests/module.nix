# What `cargo xtask nix-test` judges of the module: `cases` with what the module says to them, `options` as they are documented, and `checks`, each
# with what must be and what is. Evaluates no NixOS.
{
  lib,
  # A package set, at least with the path of its nixpkgs and the lib.
  pkgs,
  # The directory of the hosts.
  hosts,
}:
let
  inherit (import ./cases.nix) least cases;
  settings = import ../settings.nix;
  inherit (import ../lib.nix) mkInstaller;
  names = import ../names.nix;

  # The options and rules alone.
  options =
    module:
    lib.evalModules {
      modules = [
        ../options.nix
        module
      ];
    };
  said = module: (options { autoInstaller = module; }).config.autoInstaller;
  refusals = cfg: import ../rules.nix { inherit lib cfg; };
  evaluates = v: (builtins.tryEval (builtins.deepSeq v true)).success;
  # A check: what must be, and what is.
  is = wanted: got: { inherit wanted got; };

  case =
    case:
    let
      cfg = said (lib.recursiveUpdate least case.settings);
      wrong = refusals cfg;
    in
    {
      refusals = wrong;
      settings = if wrong == [ ] then (settings cfg).settings else null;
    };

  documented =
    let
      listed = lib.optionAttrSetToDocList (options { }).options.autoInstaller;
      shown = lib.filter (option: option.visible && !option.internal) listed;
      name = option: lib.removePrefix "autoInstaller." option.name;
      head = option: lib.head (lib.splitString "." (name option));
    in
    map (option: {
      name = name option;
      default = option.default.text or null;
      inherit (option) description type;
      example = option.example.text or null;
      isSetting = !(lib.elem (head option) (names.files ++ names.build));
      isFile = lib.elem (head option) names.files;
    }) shown;

  host =
    name:
    let
      installer = mkInstaller {
        inherit pkgs lib;
        hostFile = hosts + "/${name}/installer.nix";
        specialArgs.self.nixosConfigurations.${name}.config.system.build.toplevel = toplevel;
      };
      system = import (hosts + "/${name}/configuration.nix") { };
      cfg = installer.config.autoInstaller;
      device = path: lib.removePrefix "/dev/disk/by-label/" system.fileSystems.${path}.device;
    in
    {
      inherit name;
      # For `init`.
      inherit (settings cfg) settings;
      checks = {
        "${name}: nothing is wrong with it" = is [ ] (refusals cfg);
        "${name}: its system has its name" = is cfg.targetHost system.networking.hostName;
        "${name}: its system finds the ESP" = is cfg.labels.efi (device "/boot");
        "${name}: its system finds the root" = is cfg.labels.root (device "/");
        "${name}: its system finds swap" = is (lib.optional cfg.swap.enable cfg.labels.swap) (
          map (swap: lib.removePrefix "/dev/disk/by-label/" swap.device) (system.swapDevices or [ ])
        );
        "${name}: its system opens the container" =
          is (lib.optionalAttrs cfg.luks.enable { ${cfg.luks.mapperName} = cfg.labels.luks; })
            (lib.mapAttrs (_: luks: lib.removePrefix "/dev/disk/by-partlabel/" luks.device) (system.boot.initrd.luks.devices or { }));
      };
    };

  toplevel = {
    type = "derivation";
    name = "nixos-system-stub";
    outPath = "/nix/store/00000000000000000000000000000000-nixos-system-stub";
  };

  # One host, in the shapes that users have: what is made of it is the same.
  shape =
    module: specialArgs:
    let
      evaluated = mkInstaller {
        inherit pkgs lib specialArgs;
        modules = [ module ];
      };
    in
    (settings evaluated.config.autoInstaller).settings;
  host' = least // {
    targetHost = "shape";
  };
  plain = {
    autoInstaller = host';
  };
  shapes = lib.mapAttrs' (name: got: lib.nameValuePair "a host as ${name}" (is (shape plain { }) got)) {
    "a function that uses nothing" = shape ({ ... }: plain) { };
    "a function of inputs and self, with imports" =
      shape
        (
          { inputs, self, ... }:
          {
            imports = [
              inputs.autoinstaller.nixosModules.default
              { autoInstaller.targetHost = self.name; }
            ];
            autoInstaller = removeAttrs host' [ "targetHost" ];
          }
        )
        {
          self.name = "shape";
          inputs.autoinstaller.nixosModules.default = ../module.nix;
        };
    "a function of lib and pkgs" = shape (
      { lib, pkgs, ... }:
      {
        autoInstaller = host' // {
          extraPackages = lib.optional (pkgs ? path) toplevel;
        };
      }
    ) { };
  };

  # A host of an older tool says the same to `cargo xtask iso`, which has no module system, as to the module.
  older =
    (mkInstaller {
      inherit pkgs lib;
      hostFile = ./older-host.nix;
      specialArgs = {
        self.name = "older-installer";
        inputs.autoinstaller.nixosModules.default = ../module.nix;
        inputs.tools = toplevel;
      };
    }).config.autoInstaller;
  alone = import ../host-file.nix ./older-host.nix;

  # Whatever else there is.
  refused = lib.mapAttrs' (name: module: lib.nameValuePair "refused: ${name}" (is false (evaluates (said module)))) {
    "an unknown option" = least // { labels.eif = "X"; };
    "what can only be said at boot" = least // { disk = "sda"; };
    "consent" = least // { confirm = "S"; };
    "a number where a text is wanted" = lib.recursiveUpdate least { swap.size = 8; };
    "a text where a number is wanted" = least // { wait-network = "180"; };
    "a text where a switch is wanted" = least // { powerOff = "true"; };
    "a text where a list is wanted" = least // { extraMountDirs = "/persist"; };
    "a text where a package is wanted" = least // { extraPackages = [ "git" ]; };
    "no host" = removeAttrs least [ "targetHost" ];
    "no labels" = removeAttrs least [ "labels" ];
  };
  everyHost = map host (lib.attrNames (lib.filterAttrs (_: kind: kind == "directory") (builtins.readDir hosts)));

  cfg = more: said (lib.recursiveUpdate least more);
  generates = more: (cfg more).deployKey.generate;
  remote = address: {
    prebuilt = false;
    repoRemote = address;
  };
in
{
  cases = map case cases;
  options = documented;
  hosts = map (host: removeAttrs host [ "checks" ]) everyHost;

  checks =
    lib.mergeAttrsList (map (host: host.checks) everyHost)
    // shapes
    // refused
    // {
      "the least that can be said evaluates" = is true (evaluates (said least));
      "there are hosts" = is true (everyHost != [ ]);

      "a key is made for a repository that is asked by ssh" = is true (generates (remote "ssh://git@git.example.com/x"));
      "a key is made for the short form of that" = is true (generates (remote "git@git.example.com:x"));
      "no key is made for one that is asked by https" = is false (generates (remote "https://git.example.com/x"));
      "no key is made beside that of the kit" = is false (
        generates (remote "git@git.example.com:x" // { deployKey.publicKey = "ssh-ed25519 AAAA"; })
      );
      "no key is made for a closure on the stick" = is false (generates { repoRemote = "git@git.example.com:x"; });
      "the image has the name of its host" = is "a" (cfg { }).isoName;

      "an older host: nothing is wrong with it" = is [ ] (refusals older);
      "an older host: its image has its name" = is "older-installer" older.isoName;
      "an older host: its files are the same without nixpkgs" = is (removeAttrs (settings older) [ "settings" ]) (
        removeAttrs alone [ "settings" ]
      );
      "an older host: its settings are the same without nixpkgs" =
        is [ ]
          (lib.subtractLists (lib.splitString "\n" (settings older).settings) (lib.splitString "\n" alone.settings));

      "text of several lines travels as files" =
        is
          {
            banner = "one\ntwo\n";
            bootCommands = "true\n";
            postMountCommands = [ "a\nb" ];
            kernelModules = [ "thunderbolt" ];
            extraFiles = [
              {
                path = "/etc/note";
                text = "a\nb\n";
                source = null;
                attributes = "0640 0:100";
              }
            ];
          }
          (
            removeAttrs (settings (cfg {
              bannerText = "one\ntwo\n";
              extraBootCommands = "true\n";
              extraPostMountCommands = [ "a\nb" ];
              extraInitrdKernelModules = [ "thunderbolt" ];
              extraFiles."/etc/note" = {
                text = "a\nb\n";
                mode = "0640";
                group = 100;
              };
            })) [ "settings" ]
          );
      "what is not said is no file" =
        is
          {
            banner = null;
            bootCommands = null;
            postMountCommands = [ ];
            kernelModules = [ ];
            extraFiles = [ ];
          }
          (removeAttrs (settings (cfg { })) [ "settings" ]);
      "what only a build knows is no setting" = is (settings (cfg { })).settings (settings (cfg {
        extraPackages = [ toplevel ];
        kernel = toplevel;
        isoName = "other";
        deployKey.publicKey = "ssh-ed25519 AAAA";
        inherit toplevel;
      })).settings;
    };
}
