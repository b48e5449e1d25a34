{
  description = "An unattended NixOS installer, one stick per host";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    inputs@{ self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      # Media, and the programs on them and around them, are for one kind of machine.
      medium = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${medium};

      ours = import ./nix/lib.nix;
      installers = ours.installers {
        inherit pkgs;
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

      packages.${medium} = {
        inherit (import ./nix/packages.nix { inherit pkgs; }) init xtask;
      }
      // installers.packages;

      checks.${medium} = import ./nix/checks.nix {
        inherit pkgs;
        inherit (self.packages.${medium}) xtask;
      };

      # A change can be made on another one, too.
      devShells = lib.genAttrs [ medium "aarch64-linux" ] (system: {
        default = nixpkgs.legacyPackages.${system}.mkShell {
          packages = import ./nix/tools.nix { pkgs = nixpkgs.legacyPackages.${system}; };
        };
      });

      apps.${medium}.vm-test = {
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
    };
}
