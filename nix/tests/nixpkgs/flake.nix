# In the place of nixpkgs, for tests that evaluate and build nothing: its `lib`, which is laid beside this file at test time, packages that are
# names alone, and a `nixosSystem` that believes everything.
{
  outputs =
    { self }:
    {
      lib = import ./lib // {
        nixosSystem = import ./nixos-system.nix;
      };
      legacyPackages.x86_64-linux = import ./pkgs.nix {
        inherit (self) lib;
        system = "x86_64-linux";
      };
      legacyPackages.aarch64-linux = import ./pkgs.nix {
        inherit (self) lib;
        system = "aarch64-linux";
      };
    };
}
