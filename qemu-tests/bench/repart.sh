# systemd-repart on an empty disk, with its defaults but for the words of this script, and then the mounts.
set -e
systemd-repart --definitions=/bench/repart.d --empty=force --dry-run=no "$@" /dev/nvme0n1
mount /dev/nvme0n1p2 /mnt
mkdir -p /mnt/boot
mount -o umask=0077 /dev/nvme0n1p1 /mnt/boot
swapon /dev/nvme0n1p3
