# The module: the options, what refuses wrong ones, and the image as `system.build.isoImage`. For a `nixosSystem`, and for `lib.mkInstaller`,
# which evaluates it without NixOS.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.autoInstaller;
  wrong = import ./rules.nix { inherit lib cfg; };

  # As nix.conf(5) has them here: NixOS adds its own cache and its key.
  nixos = config.nix.settings;

  # An image is evaluated without the assertions of NixOS.
  sound =
    image:
    if wrong != [ ] then
      throw "autoInstaller: ${lib.concatStringsSep "\nautoInstaller: " wrong}"
    else if cfg.prebuilt && cfg.toplevel == null then
      throw "autoInstaller: prebuilt=true needs the system: give `self` to the modules, or set autoInstaller.toplevel"
    else
      image;
in
{
  imports = [ ./options.nix ];

  config = {
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
