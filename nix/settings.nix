# From the `autoInstaller` options of a host, evaluated or as they stand in its file, to what the initrd carries: `settings` (one `key=value`
# per line, the keys are the option paths), `banner` and `bootCommands` (free text, or null), the scripts of `postMountCommands`, one per list
# entry, the names of `kernelModules`, and `extraFiles`, whose sources are put into the store. What only a build with nixpkgs knows is left
# out.
# Uses builtins only, so that it needs no nixpkgs.
# It checks nothing but the shape: which keys exist and which values are good is said once, by the parser in `init`.
autoInstaller:
let
  names = import ./names.nix;

  value =
    key: v:
    if builtins.isBool v then
      (if v then "true" else "false")
    else if builtins.isInt v then
      toString v
    else if builtins.isString v then
      (if builtins.match "[^\n\r]*" v == null then throw "autoInstaller.${key}: value has a newline" else v)
    else
      throw "autoInstaller.${key}: a ${builtins.typeOf v} cannot be a setting";

  # An unset option (null), an empty string and an empty list say nothing.
  lines =
    key: v:
    if v == null || v == "" then
      [ ]
    else if builtins.isAttrs v then
      nested "${key}." v
    else if builtins.isList v then
      map (element: "${key}=${value key element}\n") v
    else
      [ "${key}=${value key v}\n" ];

  nested =
    prefix: set:
    builtins.concatMap (name: lines "${prefix}${name}" set.${name}) (builtins.attrNames set);

  text =
    name:
    let
      found = autoInstaller.${name} or null;
    in
    if found == "" then null else found;

  # Mode and owner are said as in a line of `files.manifest`.
  placed =
    path:
    let
      file = {
        text = null;
        source = null;
        mode = "0644";
        user = 0;
        group = 0;
      }
      // autoInstaller.extraFiles.${path};
    in
    {
      inherit path;
      inherit (file) text;
      source = if file.source == null then null else "${file.source}";
      attributes = "${file.mode} ${toString file.user}:${toString file.group}";
    };
in
{
  settings = builtins.concatStringsSep "" (
    nested "" (removeAttrs autoInstaller (names.files ++ names.build))
  );
  banner = text "bannerText";
  bootCommands = text "extraBootCommands";
  postMountCommands = autoInstaller.extraPostMountCommands or [ ];
  kernelModules = autoInstaller.extraInitrdKernelModules or [ ];
  extraFiles = map placed (builtins.attrNames (autoInstaller.extraFiles or { }));
}
