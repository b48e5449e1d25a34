# What of `nixosSystem` a module here takes: `assertions`, `nix.settings`, `system.build`, and the name of the system. Any other option is
# believed to exist.
{
  modules,
  specialArgs ? { },
}:
let
  lib = import ./lib;
  surroundings =
    { config, lib, ... }:
    {
      imports = [ ./nixos/modules/config/nix.nix ];
      options = {
        system.build = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.raw; };
        assertions = lib.mkOption {
          type = lib.types.listOf lib.types.raw;
          default = [ ];
        };
        nix.enable = lib.mkOption { default = true; };
      };
      config = {
        _module = {
          freeformType = lib.types.lazyAttrsOf lib.types.anything;
          args.pkgs = import ./pkgs.nix {
            inherit lib;
            system = config.nixpkgs.hostPlatform;
          };
        };
        system.build.toplevel = derivation {
          name = "nixos-system-${config.networking.hostName}";
          system = config.nixpkgs.hostPlatform;
          builder = "/bin/sh";
        };
      };
    };
in
lib.evalModules {
  inherit specialArgs;
  modules = modules ++ [ surroundings ];
}
