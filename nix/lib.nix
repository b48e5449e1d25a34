# What flakes call: `mkInstaller` makes the medium of one host, `installers` those of a folder of hosts.
let
  # The medium of one host, from its `installer.nix` and a package set, without evaluating NixOS. The result has `config`, of which
  # `config.system.build.isoImage` is the image, and `options`.
  mkInstaller =
    {
      # The package set that the medium is made of, for the machine it boots.
      pkgs,
      lib ? pkgs.lib,
      # The host's `installer.nix`.
      hostFile ? null,
      # More modules; they and the host's see `autoInstaller` and `nix.settings` alone.
      modules ? [ ],
      # What modules are given; `self` is the flake whose `nixosConfigurations` has the system of a prebuilt medium.
      specialArgs ? { },
      # That system, where it is not in `self`.
      toplevel ? null,
    }:
    let
      # What module.nix takes of a NixOS, and defines in it.
      surroundings =
        { config, ... }:
        {
          options = {
            system.build = lib.mkOption {
              type = lib.types.lazyAttrsOf lib.types.raw;
              default = { };
            };
            assertions = lib.mkOption {
              type = lib.types.listOf lib.types.raw;
              default = [ ];
            };
            nix.settings = {
              substituters = lib.mkOption { type = lib.types.listOf lib.types.str; };
              trusted-public-keys = lib.mkOption { type = lib.types.listOf lib.types.str; };
            };
          };
          config = {
            inherit (nixos) nix;
            _module.args.pkgs = pkgs;
            autoInstaller = lib.mkIf (toplevel != null) { inherit toplevel; };
            # Whatever is among `nixosConfigurations` has one: `nix flake check` looks at it.
            system.build.toplevel = config.system.build.isoImage;
          };
        };

      # NixOS's own cache and its key, as its one module about nix.conf(5) has them: this project names no server that it does not need.
      nixos.nix.settings = { inherit (alone.nix.settings) substituters trusted-public-keys; };
      alone =
        (lib.evalModules {
          modules = [
            (pkgs.path + "/nixos/modules/config/nix.nix")
            {
              options.nix.enable = lib.mkOption { default = true; };
              config._module = {
                # It defines files of NixOS, too, which are not there.
                check = false;
                args.pkgs = pkgs;
              };
            }
          ];
        }).config;
    in
    lib.evalModules {
      inherit specialArgs;
      modules = [
        ./module.nix
        surroundings
      ]
      ++ lib.optional (hostFile != null) hostFile
      ++ modules;
    };

  # For every `NAME/installer.nix` in the folder `hosts`: `nixosConfigurations.NAME-installer` and `packages.NAMEInstallerIso`.
  installers =
    {
      pkgs,
      hosts,
      # As for `mkInstaller`.
      specialArgs,
    }:
    let
      inherit (pkgs) lib;
      names = lib.filter (name: lib.pathExists (hosts + "/${name}/installer.nix")) (lib.attrNames (builtins.readDir hosts));
      made = lib.genAttrs names (
        name:
        mkInstaller {
          inherit pkgs specialArgs;
          hostFile = hosts + "/${name}/installer.nix";
        }
      );
    in
    {
      nixosConfigurations = lib.mapAttrs' (name: lib.nameValuePair "${name}-installer") made;
      packages = lib.mapAttrs' (
        name: installer: lib.nameValuePair "${name}InstallerIso" installer.config.system.build.isoImage
      ) made;
    };
in
{
  inherit mkInstaller installers;
}
