# From the `autoInstaller` options of a host to the files the initrd carries: `settings` (one `key=value` per line, the
# keys are the option paths), `banner` (free text, or null) and the scripts of `postMountCommands`, one per list entry.
# Uses builtins only, so that it needs no nixpkgs.
# It checks nothing but the shape: which keys exist and which values are good is said once, by the parser in `init`.
autoInstaller:
let
  # Text of several lines cannot be a setting; it travels as a file of its own.
  files = [
    "bannerText"
    "extraPostMountCommands"
  ];

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

  # An unset option (null) and an empty list say nothing.
  lines =
    key: v:
    if v == null then
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
in
{
  settings = builtins.concatStringsSep "" (nested "" (removeAttrs autoInstaller files));
  banner = autoInstaller.bannerText or null;
  postMountCommands = autoInstaller.extraPostMountCommands or [ ];
}
