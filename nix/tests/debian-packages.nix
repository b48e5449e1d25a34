# A package set made of Debian's files, with the attributes that `iso.nix` and `stage2.nix` use of nixpkgs, for a build without a network.
# Programs find their libraries in the store, as nixpkgs' do: that is patched into them. Nothing here is sandboxed: `cargo xtask` lays the
# trees out, and calls Nix in the root of one of them.
#
#   boot, stage2, patchelf   unpacked trees of packages
#   tools                    programs of the build machine in `bin`, with all their libraries in `lib`
#   standIns                 what stands in for nixos-install and nixos-enter
#   grub                     GRUB's modules
#   init                     PID 1 of the medium
{
  boot,
  stage2,
  patchelf,
  tools,
  standIns,
  grub,
  init,
}:
let
  system = "x86_64-linux";
  # A file or a directory.
  take =
    name: path:
    builtins.path {
      inherit name;
      path = /. + path;
    };
  only =
    name: path: directories:
    builtins.path {
      inherit name;
      path = /. + path;
      filter = found: _: builtins.any (directory: within "${path}/${directory}" found) directories;
    };
  # Whether a path leads to a directory, or lies in it.
  within = directory: path: starts path directory || starts directory path;
  starts = text: beginning: builtins.substring 0 (builtins.stringLength beginning + 1) "${text}/" == "${beginning}/";

  bash = take "bash" "${boot}/usr/bin/bash-static";
  busybox = take "busybox" "${boot}/usr/bin/busybox";
  # Run before every script: a static shell, and busybox for all else.
  start = ''
    mkdir() { (exec -a busybox ${busybox} mkdir "$@"); }
    mkdir .applets
    (exec -a busybox ${busybox} --install -s .applets)
    unset -f mkdir
    export PATH=$PATH:$PWD/.applets
  '';

  runCommand =
    name: environment: script:
    derivation (
      {
        inherit name system script;
        builder = "${bash}";
        args = [
          "-euc"
          "${start} . $scriptPath"
        ];
        PATH = builtins.concatStringsSep ":" (map (package: "${package}/bin") environment.nativeBuildInputs or [ ]);
        # What they look for in places of their own: the C library its character sets, git its other programs.
        GIT_EXEC_PATH = builtins.concatStringsSep ":" (map (package: "${package}/bin") environment.nativeBuildInputs or [ ]);
        GCONV_PATH = builtins.concatStringsSep ":" (map (package: "${package}/lib/gconv") environment.nativeBuildInputs or [ ]);
      }
      // removeAttrs environment [
        "nativeBuildInputs"
        "passthru"
      ]
      // {
        passAsFile = [ "script" ] ++ environment.passAsFile or [ ];
      }
    )
    // environment.passthru or { };

  # Copies a tree, and tells its programs where their libraries are. What asks for no library is static.
  patched =
    name: from: libraries: more:
    runCommand name { } ''
      mkdir $out
      cp -R ${from}/. $out
      chmod -R u+w $out
      ${more}
      loader=$out/${libraries}/ld-linux-x86-64.so.2
      patchelf=${take "patchelf" patchelf}/usr
      patch() { $patchelf/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path $patchelf/lib/x86_64-linux-gnu $patchelf/bin/patchelf "$@"; }
      find $out -type f | while read -r file; do
        case $file in */ld-linux-x86-64.so.2 | */libc.so.6 | *.o | *.a) continue ;; esac
        [ "$(dd if=$file bs=1 skip=1 count=3 2> /dev/null)" = ELF ] || continue
        [ -n "$(patch --print-needed $file 2> /dev/null)" ] || continue
        patch --set-rpath $out/${libraries} $file
        if patch --print-interpreter $file > /dev/null 2>&1; then patch --set-interpreter $loader $file; fi
      done
    '';

  debian = patched "debian" (take "usr" "${stage2}/usr") "lib/x86_64-linux-gnu" ''
    mkdir $out/etc
    cp ${take "mke2fs.conf" "${stage2}/etc/mke2fs.conf"} $out/etc/mke2fs.conf
  '';
  host = patched "host-tools" (take "host-tools" tools) "lib" "";
  keyboard = only "debian-keyboard" boot [
    "usr/bin/loadkeys"
    "usr/lib/x86_64-linux-gnu"
    "usr/share/keymaps"
  ];
  version = builtins.head (builtins.attrNames (builtins.readDir (/. + "${boot}/usr/lib/modules")));
  # One package under many names.
  all =
    package: names:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = package;
      }) names
    );
  link =
    name: place: target:
    runCommand name { } ''
      mkdir -p $out/${builtins.dirOf place}
      ln -s ${target} $out/${place}
    '';
in
{
  inherit runCommand;

  closureInfo =
    { rootPaths }:
    derivation {
      name = "closure-info";
      inherit system;
      __structuredAttrs = true;
      exportReferencesGraph.closure = rootPaths;
      builder = "${bash}";
      args = [
        "-euc"
        ''
          . ./.attrs.sh
          out=''${outputs[out]}
          ${start}
          mkdir $out
          jq=${debian}/bin/jq
          $jq --raw-output '.closure[] | .path, .narHash, .narSize, "", (.references | length), .references[]' .attrs.json > $out/registration
          $jq --raw-output '.closure[].path' .attrs.json > $out/store-paths
        ''
      ];
    };

  linuxPackages.kernel = link "linux" "bzImage" (take "vmlinuz" "${boot}/boot/vmlinuz-${version}") // {
    modDirVersion = version;
    configfile = take "config" "${boot}/boot/config-${version}";
    modules = link "linux-modules" "lib/modules/${version}" (take "modules" "${boot}/usr/lib/modules/${version}");
  };
  systemd = link "systemd" "lib/systemd/boot/efi/systemd-bootx64.efi" (
    take "systemd-bootx64.efi" "${boot}/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
  );
  grub2 = link "grub" "lib/grub/i386-pc" (take "i386-pc" grub);
  cacert = link "cacert" "etc/ssl/certs/ca-bundle.crt" (take "ca-certificates.crt" "${stage2}/etc/ssl/certs/ca-certificates.crt");
  kbd = patched "kbd" "${keyboard}/usr" "lib/x86_64-linux-gnu" "";

  # Debian has them in a place of its own.
  openssh = link "openssh" "libexec" "${debian}/lib/openssh";
  nixos-install = link "nixos-install" "bin" (take "stand-ins" standIns);
  nixos-enter = debian;
  init = link "init" "bin/init" (take "init" init);
  xtask = host;
  buildPackages = {
    openssh = debian;
  }
  // all host [
    "binutils"
    "coreutils"
    "dosfstools"
    "gitMinimal"
    "gptfdisk"
    "grub2"
    "gzip"
    "libisoburn"
    "mtools"
    "squashfsTools"
    "xz"
    "zstd"
  ];
  pkgsStatic = all debian [
    "busybox"
    "dosfstools"
    "e2fsprogs"
    "util-linux"
  ];
}
// all debian [
  "bash"
  "btrfs-progs"
  "coreutils"
  "cryptsetup"
  "dosfstools"
  "e2fsprogs"
  "f2fs-tools"
  "gitMinimal"
  "jq"
  "kmod"
  "nix"
  "squashfsTools"
  "util-linux"
  "xfsprogs"
]
