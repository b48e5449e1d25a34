# What is wrong with one value: a list of causes, empty when it is good. The words are those of `init/src/settings`.
{ lib }:
let
  inherit (lib)
    concatMap
    drop
    elem
    filter
    hasInfix
    hasPrefix
    hasSuffix
    head
    last
    optional
    optionals
    splitString
    stringLength
    stringToCharacters
    ;
  is = pattern: text: builtins.match pattern text != null;
  unless = good: cause: optional (!good) cause;
  quoted = builtins.toJSON;

  # One word that is no option.
  word = text: !hasPrefix "-" text && is "[^[:space:][:cntrl:]]*" text;

  # Printable ASCII without / \ and ".
  plain = "[]!#-.0-[^-~]*";
  label =
    kind: most: text:
    if !is plain text then
      [ "${quoted text} is not a label: use printable ASCII characters other than / \\ and \"" ]
    else
      unless (
        stringLength text <= most
      ) "${text} has ${toString (stringLength text)} characters, a ${kind} label has at most ${toString most}";

  # Digits and unit of a size, if it has any room in 64 bits.
  parsed =
    text:
    let
      found = builtins.match "0*([0-9]*)(([KMGT])(iB)?)?" text;
      digits = head found;
      unit = builtins.elemAt found 2;
      fits =
        if unit == null then
          stringLength digits < 20 || (stringLength digits == 20 && !(largest < digits))
        else
          stringLength digits <= 17 && lib.toIntBase10 digits < beyond.${unit};
    in
    if found == null || digits == "" || !fits then null else { inherit digits unit; };
  largest = "18446744073709551615";
  # 2^64 bytes in these units.
  beyond = {
    K = 18014398509481984;
    M = 17592186044416;
    G = 17179869184;
    T = 16777216;
  };
  noSize = text: "${text} is not a size: use 8G, 512M, 8GiB or a number of sectors";

  # Somebody's name for a web server, which is often a token, or a password before the host's name.
  hasSecret =
    text:
    let
      schemed = builtins.match "([^:/]*)://([^/]*)@[^/]*(/.*)?" text;
    in
    schemed != null && (hasPrefix "http" (head schemed) || hasInfix ":" (builtins.elemAt schemed 1));
  secret = "the address has a password or a token in it, which would be shown: use a deploy key";

  # Directories of the new root that others own, or that are gone when the machine starts.
  notHere = [
    "nix"
    "boot"
    "dev"
    "proc"
    "sys"
    "run"
    "tmp"
  ];

  octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  address = "${octet}\\.${octet}\\.${octet}\\.${octet}";
  octetsOfMasks = "(255|254|252|248|240|224|192|128|0)";
  mask = "(${octetsOfMasks}\\.0\\.0\\.0|255\\.${octetsOfMasks}\\.0\\.0|255\\.255\\.${octetsOfMasks}\\.0|255\\.255\\.255\\.${octetsOfMasks})";
in
rec {
  hostName =
    text:
    unless (
      stringLength text <= 63 && is "[A-Za-z0-9-]*" text && !hasPrefix "-" text && !hasSuffix "-" text
    ) "${text} is not a host name: use letters, digits and -";

  vfatLabel =
    text:
    let
      bad = filter (c: elem c (stringToCharacters "*?.,;:|+=<>[]")) (stringToCharacters text);
    in
    if bad != [ ] then
      [ "${text} has a ${head bad}, which a vfat label cannot have" ]
    else
      label "vfat" 11 text;
  partitionLabel = label "GPT" 36;
  swapLabel = label "swap" 15;
  rootLabel =
    kind:
    {
      ext4 = label "ext4" 16;
      xfs = label "xfs" 12;
    }
    .${kind} or partitionLabel;

  size = text: unless (parsed text != null) (noSize text);
  espSize =
    text:
    let
      found = parsed text;
      least = {
        K = 260 * 1024;
        M = 260;
        G = 1;
        T = 1;
      };
    in
    if found == null then
      [ (noSize text) ]
    else if found.unit == null then
      [ "${text} has no unit: use 1G or 512M" ]
    else
      unless (
        lib.toIntBase10 found.digits >= least.${found.unit}
      ) "${text} is too small for FAT32 on every disk: use at least 260M";
  rootFs =
    text:
    unless (elem text [
      "ext4"
      "btrfs"
      "xfs"
      "f2fs"
    ]) "${text} is not a root file system: use ext4, btrfs, xfs or f2fs";

  mapperName =
    text:
    if text == "control" then
      [ "control cannot be the name of a mapping" ]
    else if text == "installation-swap" then
      [ "installation-swap is the installer's own name of a mapping" ]
    else
      unless (
        stringLength text < 128 && is "[A-Za-z0-9_+-]*" text && !hasPrefix "-" text
      ) "${quoted text} cannot be the name of a mapping: use at most 127 letters, digits, _ + and -, which cannot come first";
  number =
    least: most: n:
    unless (
      least <= n && n <= most
    ) "${toString n} is not a number from ${toString least} to ${toString most}";
  seconds = n: unless (1 <= n && n <= 86400) "${toString n} is not a number of seconds from 1 to 86400";
  fileName =
    text:
    unless (
      stringLength text < 256 && is "[A-Za-z0-9._-]*" text && !hasPrefix "." text
    ) "${quoted text} is not the name of a file: use letters, digits, . _ and -";
  directory =
    text:
    let
      below = if hasPrefix "/mnt/" text then lib.removePrefix "/mnt" text else text;
      trimmed = builtins.match "(/.*[^/])/*" below;
    in
    unless (
      trimmed != null
      && lib.all (part: !elem part [
        ""
        "."
        ".."
      ]) (drop 1 (splitString "/" (head trimmed)))
    ) "${text} is not an absolute path without . and ..";
  # As a file of the kit with its line in `files.manifest`; the first fault alone.
  extraFile =
    path: file:
    let
      below = lib.removePrefix "/" path;
      parts = splitString "/" below;
      owner = "${toString file.user}:${toString file.group}";
      isId = n: 0 <= n && n < 4294967295;
      isName =
        part:
        !elem part [
          ""
          "."
          ".."
        ]
        && stringLength part < 256;
    in
    lib.take 1 (
      unless (hasPrefix "/" path) "it is not an absolute path"
      ++ unless ((file.text == null) != (file.source == null)) "it needs either a text or a source"
      ++ unless (is "[ -~]*" below && lib.all isName parts) "${quoted below} is not a path below / without . and .., in ASCII"
      ++ unless (builtins.length parts <= 12) "${quoted below} lies in more than 11 directories"
      ++ unless (!elem (head parts) notHere) "nothing can be placed in /${head parts}"
      ++ unless (is "0*[0-7]{1,3}" file.mode) "${quoted file.mode} is not a mode: use 0600 to 0777"
      ++ unless (isId file.user && isId file.group) "${quoted owner} is not an owner: use UID:GID, in numbers"
    );

  # Documentation/admin-guide/nfs/nfsroot.rst of Linux: CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF:DNS0:DNS1
  ip =
    text:
    let
      fields = splitString ":" text;
      field = n: if n < builtins.length fields then builtins.elemAt fields n else "";
      count = builtins.length fields;
      asks = [
        "dhcp"
        "on"
        "any"
        "both"
      ];
      device = optionals (field 5 != "") (
        unless (
          stringLength (field 5) < 16 && is "[A-Za-z0-9_-][A-Za-z0-9._-]*" (field 5) && !hasPrefix "-" (field 5)
        ) "${quoted (field 5)} is not the name of a link"
      );
      known = n: optionals (field n != "") (ipv4 (field n));
      ipv4 = v: unless (is address v) "${quoted v} is not an IPv4 address";
      netmask = unless (
        is "0*([1-9]|[12][0-9]|3[0-2])" (field 3) || (is mask (field 3) && field 3 != "0.0.0.0")
      ) "${quoted (field 3)} is not a netmask";
    in
    if hasInfix "[" text then
      [ "${text}: an IPv6 address cannot be given: routers announce those" ]
    else if count == 1 && elem text asks then
      [ ]
    else if device != [ ] then
      device
    else if field 0 == "" && elem (field 6) (asks ++ [ "" ]) && count > 1 then
      [ ]
    else if
      elem (field 6) [
        ""
        "off"
        "none"
        "static"
      ]
      && count > 3
    then
      lib.take 1 (known 7 ++ known 8 ++ ipv4 (field 0) ++ netmask ++ known 2)
    else
      [ "${text} is neither dhcp nor ADDRESS::GATEWAY:NETMASK::LINK:none:DNS" ];

  remote =
    text:
    let
      known = lib.any (scheme: hasPrefix scheme text) [
        "https://"
        "http://"
        "ssh://"
        "git://"
        "file:///"
      ];
      short = is "[^:/]*@[^:/]*:([^:].*)?" text;
    in
    if hasSecret text then
      [ secret ]
    else
      unless (word text && (known || short)) "${text} is not the address of a git repository";
  branch =
    text:
    unless (
      word text && !hasInfix ".." text && is "[^~^:?*[\\]*" text && !hasSuffix "/" text && !hasSuffix "." text
    ) "${text} is not the name of a branch";
  rev =
    text:
    unless (is "[0-9A-Fa-f]{7,64}" text) "${text} is not the hash of a commit: use 7 to 64 hexadecimal digits";
  clone =
    text:
    let
      below = if hasPrefix "/mnt/" text then lib.removePrefix "/mnt/" text else "";
      parts = splitString "/" below;
      whole = [
        "bin"
        "etc"
        "home"
        "root"
        "usr"
        "var"
      ];
    in
    if elem (head parts) notHere || elem below whole then
      [ "${text} is the system's own" ]
    else
      unless (lib.all (is "[A-Za-z0-9_-][A-Za-z0-9._-]*") parts)
        "${text} is not a directory below /mnt: use letters, digits, . _ and -";
  user =
    text:
    unless (
      stringLength text <= 32 && is "[A-Za-z0-9_.-]*" text && !hasPrefix "-" text && !hasPrefix "." text
    ) "${text} is not the name of a user";

  knownHost =
    text:
    unless (
      is "[^[:cntrl:]]*" text && is " *[^ ]+ +[^ ]+ +[^ ].*" text
    ) "${text} is not a line of a known_hosts file: HOST TYPE KEY";
  substituter =
    text: if hasSecret text then [ secret ] else unless (word text) "${text} is not the address of a cache";
  trustedKey =
    text: unless (word text && is "[^:]+:.+" text) "${text} is not a public key: NAME:KEY";
  # Types of keys, and how each key of that type begins. The text is not repeated: it may be a private key.
  authorizedKey =
    text:
    let
      types = {
        ssh-ed25519 = "AAAAC3NzaC1lZDI1NTE5";
        "sk-ssh-ed25519@openssh.com" = "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t";
        ecdsa-sha2-nistp256 = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNT";
        ecdsa-sha2-nistp384 = "AAAAE2VjZHNhLXNoYTItbmlzdHAzOD";
        ecdsa-sha2-nistp521 = "AAAAE2VjZHNhLXNoYTItbmlzdHA1Mj";
        "sk-ecdsa-sha2-nistp256@openssh.com" = "AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb2";
        ssh-rsa = "AAAAB3NzaC1yc2";
      };
      words = filter (part: part != "") (splitString " " text) ++ [ "" "" ];
      named = types ? ${head words};
      key = if named then lib.elemAt words 1 else head words;
      starts = if named then [ types.${head words} ] else lib.attrValues types;
      length = stringLength key;
    in
    unless (
      length >= 68
      && length - length / 4 * 4 == 0
      && is "[A-Za-z0-9+/]+={0,2}" key
      && lib.any (start: hasPrefix start key) starts
      && is "[^[:cntrl:]]*" text
    ) "this is no public key: a line of an authorized_keys file without options, TYPE KEY";
  publicKey =
    text:
    unless (is "ssh-ed25519 [A-Za-z0-9+/=]+( [^[:cntrl:]]*)?" text) "${text} is not a public key of ssh: ssh-ed25519 KEY";
}
