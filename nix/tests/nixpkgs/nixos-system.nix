# What of `nixosSystem` a module here takes: `assertions`, `nix.settings`, `system.build`, the name of the system, and what `nix flake check`
# asks of it. Any other option is believed to exist.
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
        fileSystems = lib.mkOption {
          type = with lib.types; attrsOf (attrsOf anything);
          default = { };
        };
        boot.loader.grub.devices = lib.mkOption {
          type = with lib.types; listOf str;
          default = [ ];
        };
      };
      config = {
        _module = {
          freeformType = lib.types.lazyAttrsOf lib.types.anything;
          args.pkgs = import ./pkgs.nix {
            inherit lib;
            system = config.nixpkgs.hostPlatform;
          };
        };
        system.build.toplevel =
          if !config.fileSystems ? "/" then
            throw "there is no root file system"
          else if !(config.boot.loader ? systemd-boot || config.boot.loader.grub.devices != [ ]) then
            throw "there is no boot loader"
          else
            derivation {
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
