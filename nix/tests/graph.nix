# What would be built, from the flake down, with packages that are names alone: `checks`, each with what must be and what is.
#
# `tree` is a copy of this repository without what is made in it, `nixpkgs` stands in for nixpkgs.
{ tree, nixpkgs }:
let
  inherit (nixpkgs) lib;
  self =
    outputs
    // outputs.outputs
    // {
      outPath = tree;
      lastModified = 1700000000;
    };
  outputs.outputs = (import (tree + "/flake.nix")).outputs { inherit self nixpkgs; };
  flake = outputs.outputs;
  inherit (flake.lib) mkInstaller;

  is = wanted: got: { inherit wanted got; };
  # Without what Nix adds to a name.
  bare = text: builtins.concatStringsSep "" (
    map (part: if lib.isString part then part else "") (builtins.split "/nix/store/[a-z0-9]{32}-" text)
  );
  parts = image: builtins.fromJSON (bare (builtins.unsafeDiscardStringContext image.parts));
  image = name: flake.packages.x86_64-linux."${name}InstallerIso";

  pkgs = nixpkgs.legacyPackages.x86_64-linux;
  fails = v: !(builtins.tryEval (builtins.deepSeq v true)).success;
  own =
    autoInstaller:
    (mkInstaller {
      inherit pkgs;
      modules = [
        {
          autoInstaller = {
            targetHost = "own";
            labels = {
              efi = "E";
              root = "R";
            };
          }
          // autoInstaller;
        }
      ];
    }).config.system.build.isoImage;
  online = {
    repoRemote = "git@git.example.com:x";
  };

  # As flakes pass it that have had an installer before.
  ordinary = installer: nixpkgs.lib.nixosSystem {
    specialArgs = {
      self = self // {
        name = "older-installer";
      };
      inputs = {
        autoinstaller = flake;
        tools = pkgs.git;
      };
    };
    modules = [
      flake.nixosModules.default
      installer
      {
        nixpkgs.hostPlatform = "x86_64-linux";
        networking.hostName = "installer";
      }
    ];
  };
  older = ordinary (tree + "/nix/tests/older-host.nix");
  inNixos = ordinary (tree + "/hosts/ultraviolet/installer.nix");
  ownRoot = ordinary {
    imports = [ (tree + "/hosts/ultraviolet/installer.nix") ];
    fileSystems."/".device = lib.mkDefault "/dev/own";
    boot.loader.grub.devices = lib.mkDefault [ "/dev/sda" ];
  };
in
{
  checks = {
    "the flake's images" =
      is
        [
          "stygianlibraryInstallerIso"
          "ultravioletInstallerIso"
          "vermissianInstallerIso"
        ]
        (lib.filter (lib.hasSuffix "InstallerIso") (lib.attrNames flake.packages.x86_64-linux));
    "the flake's systems and installers" =
      is
        [
          "stygianlibrary"
          "stygianlibrary-installer"
          "ultraviolet"
          "ultraviolet-installer"
          "vermissian"
          "vermissian-installer"
        ]
        (lib.attrNames flake.nixosConfigurations);
    "an installer among the systems has the same image" =
      is (image "ultraviolet").drvPath flake.nixosConfigurations.ultraviolet-installer.config.system.build.isoImage.drvPath;

    "the image of ultraviolet" = is "ultraviolet-iso" (image "ultraviolet").name;
    "a prebuilt image carries the system of its host" = is "nixos-system-ultraviolet" (parts (image "ultraviolet")).closure.toplevel;
    "an image that builds its system carries none" = is null (parts (image "vermissian")).closure;
    "a prebuilt image carries the files of its flake, as a repository" = is "ultraviolet-repository" (image "ultraviolet").repository.name;
    "an image that builds its system carries no repository" = is null (image "vermissian").repository;
    "an image is dated by its flake" = is 1700000000 (parts (image "ultraviolet")).built;
    "the initrd of stygianlibrary has its module" = is [ "thunderbolt" ] (parts (image "stygianlibrary")).settings.kernelModules;
    "a file of stygianlibrary is put into the store" =
      is
        [
          null
          "persist.txt"
        ]
        (map (file: file.source) (parts (image "stygianlibrary")).settings.extraFiles);
    "the key of vermissian is made" = is {
      deploy-key = "vermissian-installer-deploy-key/id_ed25519";
    } (parts (image "vermissian")).files;
    "a key is made for a system on the stick where that is asked for" = is {
      deploy-key = "own-installer-deploy-key/id_ed25519";
    } (parts (own {
      prebuilt = true;
      deployKey.generate = true;
      inherit (flake.nixosConfigurations.ultraviolet.config.system.build) toplevel;
    })).files;
    "ultraviolet has no key" = is { } (parts (image "ultraviolet")).files;
    "the kernel is nixpkgs' own" = is "linux/bzImage" (parts (image "ultraviolet")).kernel;
    "the kernel can be another" = is "other/bzImage" (parts (own (
      online
      // {
        kernel = pkgs.linuxPackages.kernel // {
          outPath = "/nix/store/00000000000000000000000000000000-other";
        };
      }
    ))).kernel;
    "the kernel can be the own one, with its configuration and its modules" =
      is
        {
          kernel = "linux-own/bzImage";
          kernelConfig = "autoinstaller-kernel-config-6.12";
          modules = "linux-own-modules/lib/modules/6.12.0-autoinstaller";
        }
        {
          inherit (parts (own (online // { kernel = "own"; }))) kernel kernelConfig modules;
        };
    "every wish of the fragments goes into the own kernel, and no word that is for people" =
      let
        asked = lib.splitString "\n" (import (tree + "/nix/kernel.nix") { inherit pkgs; }).configfile.wishes.text;
        fragments = lib.filter (lib.hasSuffix ".config") (lib.attrNames (builtins.readDir (tree + "/kernel-config")));
        lines = lib.concatMap (name: lib.splitString "\n" (builtins.readFile (tree + "/kernel-config/${name}"))) fragments;
        count = match: lib.length (lib.filter match lines);
      in
      is
        {
          on = count (lib.hasPrefix "CONFIG_");
          off = count (line: lib.hasPrefix "# CONFIG_" line && lib.hasSuffix " is not set" line);
        }
        {
          on = lib.length (lib.filter (lib.hasPrefix "CONFIG_") asked);
          off = lib.length (lib.filter (lib.hasPrefix "# CONFIG_") asked);
        };
    "no other word is a kernel" = is true (fails (own (online // { kernel = "mine"; })).drvPath);
    "a key on the kit is printed and not carried" =
      let
        made = own (online // { deployKey.publicKey = "ssh-ed25519 AAAA $(own)-installer"; });
      in
      is
        {
          files = { };
          printed = "ssh-ed25519 AAAA $(own)-installer";
          heading = true;
        }
        {
          inherit (parts made) files;
          # It is text, and no command of the build.
          printed = made.publicKey;
          heading = lib.hasInfix "INSTALLER SSH PUBLIC KEY for own:" made.script && lib.hasInfix "\"$publicKey\"" made.script;
        };
    "an image can have another name" = is "other-iso" (own (online // { isoName = "other"; })).name;
    "a system that is given needs no flake" = is "nixos-system-ultraviolet" (parts (own {
      prebuilt = true;
      inherit (flake.nixosConfigurations.ultraviolet.config.system.build) toplevel;
    })).closure.toplevel;
    "a prebuilt image without a system is refused" = is true (fails (own { prebuilt = true; }).drvPath);
    "a prebuilt image of a flake without its host is refused" = is true (fails (own {
      prebuilt = true;
      flake = self;
    }).drvPath);
    "an image of wrong settings is refused" = is true (fails (own (online // { swap.enable = true; })).drvPath);
    "NixOS's own cache comes after the host's" =
      is "https://cache.example.com https://cache.nixpkgs.example" (
        lib.concatStringsSep " " (
          map (lib.removePrefix "nix.settings.substituters=") (
            lib.filter (lib.hasPrefix "nix.settings.substituters=") (
              lib.splitString "\n" (parts (own (online // { nix.settings.substituters = [ "https://cache.example.com" ]; }))).settings.settings
            )
          )
        )
      );

    "in a NixOS: the image is the same" = is (image "ultraviolet").drvPath inNixos.config.system.build.isoImage.drvPath;
    "in a NixOS: an older host has its image" = is "older-installer-iso" older.config.system.build.isoImage.name;
    "in a NixOS: an installer alone passes `nix flake check`" =
      is "nixos-system-installer" inNixos.config.system.build.toplevel.name;
    "in a NixOS: a host keeps what it has of its own" =
      is
        {
          root = "/dev/own";
          devices = [ "/dev/sda" ];
        }
        {
          root = ownRoot.config.fileSystems."/".device;
          inherit (ownRoot.config.boot.loader.grub) devices;
        };
    "in a NixOS: nothing is asserted" = is [ ] inNixos.config.assertions;
    "in a NixOS: what is wrong is an assertion" =
      let
        wrong = ordinary {
          autoInstaller = {
            targetHost = "a b";
            prebuilt = true;
            labels = {
              efi = "E";
              root = "E";
            };
          };
        };
      in
      is [
        "autoInstaller: targetHost: a b is not a host name: use letters, digits and -"
        "autoInstaller: the label E is given twice"
      ] (map (assertion: assertion.message) wrong.config.assertions);

    "the programs are there" = is true (flake.packages.x86_64-linux ? init && flake.packages.x86_64-linux ? xtask);
    "everything is checked that needs no machine" =
      is
        [
          "clippy"
          "fmt"
          "module"
          "test"
        ]
        (lib.attrNames flake.checks.x86_64-linux);
    "the template has what a flake of one's own needs" =
      is
        [
          "flake.nix"
          "hosts"
        ]
        (lib.attrNames (builtins.readDir flake.templates.default.path));
  };
}
