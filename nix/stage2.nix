# The root of stage-2, in which `nixos-install` runs: programs are links into a store of its own, at the names where `init` looks for them.
# `xtask` carries the closure of `root` along, adds kernel modules and Nix's settings, and packs it.
#
# That store is not the target's: Nix is told `--store /mnt`, and its database here knows no path. A path that both need is fetched or copied.
#
# `extraPackages`: more programs, for a host's scripts.
{
  pkgs,
  extraPackages ? [ ],
}:
let
  # The first that has a program wins: what is there for a host's scripts does not change what the installation runs.
  packages = [
    pkgs.nixos-install
    pkgs.nixos-enter
    pkgs.nix
    pkgs.gitMinimal
    pkgs.openssh
    pkgs.bash
    pkgs.coreutils
    pkgs.util-linux
    pkgs.kmod
    pkgs.squashfsTools
    pkgs.cryptsetup
    pkgs.e2fsprogs
    pkgs.dosfstools
    pkgs.btrfs-progs
    pkgs.xfsprogs
    pkgs.f2fs-tools
    pkgs.jq
  ]
  ++ extraPackages;
  programs = map (package: package.bin or package) packages;

  # No builders: root builds. `sshd` is the user that an ssh server lays its privileges down as.
  users = ''
    root:x:0:0::/root:/bin/sh
    sshd:x:998:998::/var/empty:/bin/false
    nobody:x:65534:65534::/var/empty:/bin/false
  '';
  groups = ''
    root:x:0:
    sshd:x:998:
    nogroup:x:65534:
  '';

  root = pkgs.runCommand "autoinstaller-stage2" { inherit programs users groups; } ''
    mkdir -p $out/usr/bin $out/usr/lib $out/etc/ssl/certs $out/nix/store $out/nix/var/nix
    mkdir $out/boot $out/dev $out/home $out/mnt $out/proc $out/root $out/run $out/sys $out/tmp
    mkdir -p $out/var/cache $out/var/empty $out/var/tmp
    ln -s bin $out/usr/sbin
    for name in bin sbin lib; do ln -s usr/$name $out/$name; done

    # Nix binds it into the sandbox as /bin/sh, where a link would lead nowhere: a file, and not one of the store.
    cp ${pkgs.pkgsStatic.busybox}/bin/busybox $out/usr/bin/busybox
    for package in $programs; do
      for directory in bin sbin; do
        [ -d $package/$directory ] || continue
        for program in $package/$directory/*; do
          name=''${program##*/}
          [ -e $out/usr/bin/$name ] || ln -s $program $out/usr/bin/$name
        done
      done
    done
    # Where `init` tells the ssh server that its file transfer is.
    ln -s ${pkgs.openssh}/libexec $out/usr/lib/openssh
    [ -x $out/usr/lib/openssh/sftp-server ] || { echo "${pkgs.openssh} has no libexec/sftp-server"; exit 1; }
    [ -e $out/usr/bin/sh ] || ln -s bash $out/usr/bin/sh
    # What no package brought, such as grep, scripts find all the same.
    for name in $($out/usr/bin/busybox --list); do
      [ -e $out/usr/bin/$name ] || ln -s busybox $out/usr/bin/$name
    done

    echo -n "$users" > $out/etc/passwd
    echo -n "$groups" > $out/etc/group
    echo 'passwd: files
    group: files
    hosts: files dns' > $out/etc/nsswitch.conf
    # A host's own certificates are added to it from outside of this root: a file, not a link.
    cp ${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-certificates.crt
  '';
in
{
  inherit root;
  # A list of store paths.
  paths = "${pkgs.closureInfo { rootPaths = [ root ]; }}/store-paths";
}
