# The commands that disko runs to destroy, format and mount this layout, in its order and with its waits: for each partition the table is
# written and read again and udev waited for; each file system is looked for before it is made or mounted; partitions are named by udev's links.
set -ef -o pipefail

disk=/dev/nvme0n1
links=/dev/disk/by-partlabel

# Clearing the disk: the list of everything, and a shell that is told what to do with the one disk.
realpath $disk
lsblk -a -f
lsblk --output-all --json | jq -r 'empty' | bash
lsblk --output-all --json | jq -r '.blockdevices[] | select(.path == "/dev/nvme0n1") | .path' | while read -r path; do
  holder=$(lsblk "$path" -l -p -o type,name | awk 'match($1,"raid.*") {print $2}')
  [ -z "$holder" ]
  wipefs --all -f "$path"
  dd if=/dev/zero of="$path" bs=440 count=1
done
lsblk -a -f

blkid $disk || sgdisk --clear $disk

partition() { # NUMBER TYPE NAME END
  sgdisk --align-end --set-alignment=2048 --new="$1:0:$4" --partition-guid="$1:R" --change-name="$1:$3" --typecode="$1:$2" \
    --attributes="$1:=:0" $disk
  partprobe $disk
  udevadm trigger --subsystem-match=block
  udevadm settle --timeout 120
}
partition 1 EF00 disk-main-ESP +1G
partition 2 8300 disk-main-root -8G
partition 3 8200 disk-main-swap -0

if ! (blkid $links/disk-main-ESP | grep -q 'TYPE='); then mkfs.vfat -F 32 $links/disk-main-ESP; fi
if ! (blkid $links/disk-main-root | grep -q 'TYPE='); then mkfs.ext4 $links/disk-main-root; fi
if ! blkid $links/disk-main-swap -o export | grep -q '^TYPE='; then mkswap $links/disk-main-swap; fi

if ! findmnt $links/disk-main-root /mnt; then mount $links/disk-main-root /mnt -t ext4 -o defaults -o X-mount.mkdir; fi
if ! findmnt $links/disk-main-ESP /mnt/boot; then mount $links/disk-main-ESP /mnt/boot -t vfat -o umask=0077 -o X-mount.mkdir; fi
if ! swapon --show | grep -q "^$(readlink -f $links/disk-main-swap) "; then swapon --options=defaults $links/disk-main-swap; fi
