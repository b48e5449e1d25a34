# The medium of one host: a derivation with `iso/NAME.iso`. It lays parts out and calls `xtask iso --parts`, which is the one assembler.
#
# The interface between this file and `module.nix`, which says the same:
#   pkgs      nixpkgs
#   init, xtask
#             the programs of this repository, as `packages.nix` builds them
#   config    the evaluated `autoInstaller` options of the host. `settings.nix` makes its settings of them; from here `targetHost`, `prebuilt`,
#             `isoName`, `kernel`, `extraPackages` and `deployKey` are read, all but the first of which may be missing
#   toplevel  the host's system, a derivation or a store path, where it is prebuilt
#   source    the flake's source tree, of which a prebuilt installation leaves a clone. Its `lastModified` dates the medium
#   static    where the programs of the initrd come from; `pkgs` where one of them does not build without libraries, which then come along
#   built     the date of the medium, in seconds since 1970: a machine whose clock stands earlier is told that it is wrong
# Nothing is imported from a derivation: what is built does not depend on what was built before it.
{
  pkgs,
  init ? (import ./packages.nix { inherit pkgs; }).init,
  xtask ? (import ./packages.nix { inherit pkgs; }).xtask,
  config,
  static ? pkgs.pkgsStatic,
  toplevel ? null,
  source ? null,
  built ? source.lastModified or 1,
}:
let
  host = config.targetHost;
  name = config.isoName or host;
  prebuilt = config.prebuilt or false;

  given = option: default: if config.${option} or null == null then default else config.${option};
  kernel =
    let
      wanted = given "kernel" pkgs.linuxPackages.kernel;
    in
    if wanted == "own" then import ./kernel.nix { inherit pkgs; } else wanted;
  # Since 25.11 modules are an output of their own.
  modules = kernel.modules or kernel;

  stage2 = import ./stage2.nix {
    inherit pkgs;
    extraPackages = config.extraPackages or [ ];
  };

  # The tree in which `xtask` looks for the programs of the initrd, under the names that they have in Debian. They are static; of one that is
  # not, its libraries come along.
  programs = pkgs.runCommand "autoinstaller-programs" { } ''
    mkdir -p $out/usr/bin $out/usr/sbin $out/usr/share $out/etc
    ln -s ${program "busybox"}/bin/busybox $out/usr/bin/busybox
    # Packages have them in either directory, or in both.
    for file in ${program "e2fsprogs"}/*bin/mkfs.ext4 ${program "dosfstools"}/*bin/mkfs.vfat ${program "util-linux"}/*bin/mkswap; do
      ln -sf $file $out/usr/sbin/
    done
    ln -s ${pkgs.kbd}/bin/loadkeys $out/usr/bin/loadkeys
    ln -s ${pkgs.kbd}/share/keymaps $out/usr/share/keymaps
    # Where there is none, mkfs.ext4 does what it would say.
    for package in ${program "e2fsprogs"} ${pkgs.e2fsprogs.out or pkgs.e2fsprogs}; do
      [ -e $out/etc/mke2fs.conf ] || [ ! -e $package/etc/mke2fs.conf ] || cp $package/etc/mke2fs.conf $out/etc/
    done
  '';
  program = package: static.${package}.bin or static.${package};

  key = {
    publicKey = null;
    generate = false;
  }
  // config.deployKey or { };
  # Made once and kept as long as the builder's store keeps it; whoever can read that store can read the private half.
  generated =
    pkgs.runCommand "${host}-installer-deploy-key"
      {
        nativeBuildInputs = [ pkgs.buildPackages.openssh ];
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      ''
        mkdir $out
        ssh-keygen -q -t ed25519 -N "" -C ${host}-installer -f $out/id_ed25519
      '';
  publicKey = if key.publicKey != null then key.publicKey else "";

  closure =
    if toplevel == null then
      null
    else
      {
        toplevel = "${toplevel}";
        registration = "${pkgs.closureInfo { rootPaths = [ toplevel ]; }}/registration";
      };

  # A flake knows its files and not their history: the clone has one commit. The same files give the same one.
  repository =
    if !prebuilt || source == null then
      null
    else
      pkgs.runCommand "${host}-repository"
        {
          nativeBuildInputs = [ pkgs.buildPackages.gitMinimal ];
          GIT_AUTHOR_NAME = "autoinstaller";
          GIT_AUTHOR_EMAIL = "autoinstaller@localhost";
          GIT_AUTHOR_DATE = "@${toString built} +0000";
          GIT_COMMITTER_NAME = "autoinstaller";
          GIT_COMMITTER_EMAIL = "autoinstaller@localhost";
          GIT_COMMITTER_DATE = "@${toString built} +0000";
          GIT_CONFIG_GLOBAL = "/dev/null";
          GIT_CONFIG_NOSYSTEM = "1";
        }
        ''
          cp -r ${source} $out
          chmod -R u+w $out
          git -C $out init --quiet --initial-branch=main
          git -C $out add --all --force
          git -C $out commit --quiet --message="The files that this machine was installed from"
        '';

  parts = builtins.toJSON {
    inherit host built closure;
    settings = import ./settings.nix config;
    files = if key.publicKey == null && key.generate then { deploy-key = "${generated}/id_ed25519"; } else { };
    init = "${init}/bin/init";
    kernel = "${kernel}/bzImage";
    kernelConfig = "${kernel.configfile}";
    modules = "${modules}/lib/modules/${kernel.modDirVersion}";
    programs = "${programs}";
    loader = "${pkgs.systemd}/lib/systemd/boot/efi/systemd-bootx64.efi";
    grub = "${pkgs.grub2}/lib/grub/i386-pc";
    stage2 = "${stage2.root}";
    stage2Paths = "${stage2.paths}";
  };

  # They run where it is built.
  tools = [
    xtask
  ]
  ++ (with pkgs.buildPackages; [
    binutils
    coreutils
    dosfstools
    gitMinimal
    gptfdisk
    grub2
    gzip
    libisoburn
    mtools
    squashfsTools
    xz
    zstd
  ]);
in
pkgs.runCommand "${name}-iso"
  {
    nativeBuildInputs = tools;
    inherit parts publicKey;
    passAsFile = [ "parts" ];
    passthru = { inherit parts repository; };
  }
  ''
    ${
      if publicKey == "" && !key.generate then
        ""
      else
        ''
          echo "INSTALLER SSH PUBLIC KEY for ${host}:"
          ${if publicKey == "" then "cat ${generated}/id_ed25519.pub" else ''printf '%s\n' "$publicKey"''}
        ''
    }
    ${
      # git works in a directory of whoever runs it, and in no other.
      if repository == null then
        ""
      else
        ''
          cp -r ${repository} repository
          chmod -R u+w repository
        ''
    }
    mkdir -p $out/iso
    # Where xtask keeps what it makes by the way.
    export CARGO_TARGET_DIR=$PWD/made
    xtask iso --parts $partsPath ${if repository == null then "" else "--repo repository"} --out $out/iso/${name}.iso
  ''
