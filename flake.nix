{
  description = "An unattended NixOS installer, one stick per host";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    inputs@{ self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      # The media are for one kind of machine; what makes and checks them runs on two.
      medium = "x86_64-linux";
      machines = [
        medium
        "aarch64-linux"
      ];
      of = f: lib.genAttrs machines (system: f nixpkgs.legacyPackages.${system});

      ours = import ./nix/lib.nix;
      installers = ours.installers {
        pkgs = nixpkgs.legacyPackages.${medium};
        hosts = ./hosts;
        specialArgs = { inherit self inputs; };
      };
      # The systems that those install.
      systems = lib.mapAttrs (
        name: _: lib.nixosSystem { modules = [ (./hosts + "/${name}/configuration.nix") ]; }
      ) (builtins.readDir ./hosts);
    in
    {
      lib = ours;
      nixosModules.default = ./nix/module.nix;
      templates.default = {
        path = ./nix/template;
        description = "A flake with one host and its installer";
      };

      nixosConfigurations = systems // installers.nixosConfigurations;

      packages = lib.recursiveUpdate (of (
        pkgs: { inherit (import ./nix/packages.nix { inherit pkgs; }) init xtask; }
      )) { ${medium} = installers.packages; };

      checks = of (
        pkgs:
        import ./nix/checks.nix {
          inherit pkgs;
          inherit (self.packages.${pkgs.stdenv.hostPlatform.system}) xtask;
        }
      );

      devShells = of (pkgs: {
        default = pkgs.mkShell { packages = import ./nix/tools.nix { inherit pkgs; }; };
      });

      apps = of (pkgs: {
        vm-test = {
          type = "app";
          meta.description = "Tests media in virtual machines, from a checkout";
          program = lib.getExe (
            pkgs.writeShellApplication {
              name = "vm-test";
              runtimeInputs = import ./nix/tools.nix { inherit pkgs; };
              text = ''exec cargo xtask vm-test "$@"'';
            }
          );
        };
      });
    };
}
