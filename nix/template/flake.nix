{
  description = "Machines, and the sticks that install them";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    # Where you have it from.
    autoinstaller.url = "git+https://git.example.com/autoinstaller";
    autoinstaller.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    inputs@{
      self,
      nixpkgs,
      autoinstaller,
    }:
    let
      # For every hosts/NAME/installer.nix: nixosConfigurations.NAME-installer and packages.NAMEInstallerIso.
      installers = autoinstaller.lib.installers {
        pkgs = nixpkgs.legacyPackages.x86_64-linux;
        hosts = ./hosts;
        specialArgs = { inherit self inputs; };
      };
    in
    {
      nixosConfigurations = installers.nixosConfigurations // {
        example = nixpkgs.lib.nixosSystem { modules = [ ./hosts/example/configuration.nix ]; };
      };
      packages.x86_64-linux = installers.packages;
    };
}
