# The module: the options, what refuses wrong ones, and the image as `system.build.isoImage`. For a `nixosSystem`, and for `lib.mkInstaller`,
# which evaluates it without NixOS.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  cfg = config.autoInstaller;
  wrong = import ./rules.nix { inherit lib cfg; };

  # `nix flake check` asks every NixOS for a root file system and a boot loader, one that is nothing but an installer, too. Weaker than every
  # other definition, so that a host which has its own keeps it, and one that has no boot loader at all gets none.
  weak = lib.mkOverride 1400;
  nobody = lib.optionalAttrs (options ? fileSystems) {
    fileSystems."/" = {
      device = weak "none";
      fsType = weak "auto";
    };
    boot.loader.grub.devices = weak [ "nodev" ];
  };

  # As nix.conf(5) has them here: NixOS adds its own cache and its key.
  nixos = config.nix.settings;

  # An image is evaluated without the assertions of NixOS.
  sound =
    image:
    if wrong != [ ] then
      throw "autoInstaller: ${lib.concatStringsSep "\nautoInstaller: " wrong}"
    else if cfg.prebuilt && cfg.toplevel == null then
      throw "autoInstaller: prebuilt=true needs the system: give the modules a `self` that has nixosConfigurations.${cfg.targetHost}, or set autoInstaller.toplevel"
    else
      image;
in
{
  imports = [ ./options.nix ];

  config = nobody // {
    autoInstaller.nix.settings = {
      substituters = lib.mkAfter (nixos.substituters or [ ]);
      trusted-public-keys = lib.mkAfter (nixos.trusted-public-keys or [ ]);
    };

    assertions = map (message: {
      assertion = false;
      message = "autoInstaller: ${message}";
    }) wrong;

    # The interface between this file and iso.nix, which says the same: `config` are the evaluated options, and the output has iso/NAME.iso,
    # where NAME is `config.isoName`; `toplevel` is the system of a prebuilt medium, and `source` its flake, where that is known.
    system.build.isoImage = sound (
      import ./iso.nix {
        inherit pkgs;
        config = cfg;
        toplevel = if cfg.prebuilt then cfg.toplevel else null;
        source = cfg.flake;
      }
    );
  };
}
