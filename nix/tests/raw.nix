# What `init` is to judge: every case as the lines of a settings file, and its files, made of it as it stands. Needs no nixpkgs.
let
  inherit (import ./cases.nix) least cases;
  settings = import ../settings.nix;

  merge =
    a: b:
    a
    // builtins.mapAttrs (
      name: v: if builtins.isAttrs v && builtins.isAttrs (a.${name} or null) then merge a.${name} v else v
    ) b;
in
map (
  case:
  let
    said = settings (merge least case.settings);
  in
  {
    inherit (case) error;
    moduleOnly = case.moduleOnly or false;
    says = builtins.toJSON case.settings;
    settings = if case ? moduleOnly then null else said.settings;
    extraFiles = if case ? moduleOnly then null else said.extraFiles;
  }
) cases
