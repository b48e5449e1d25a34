# The script somebody would write for this one disk, and no faster one: every program with its defaults, nothing waited for.
set -e
sgdisk --clear --new=1:0:+1G --typecode=1:EF00 --change-name=1:B-ESP --new=2:0:-8G --typecode=2:8304 --change-name=2:B-ROOT \
  --new=3:0:0 --typecode=3:8200 --change-name=3:B-SWAP /dev/nvme0n1
mkfs.vfat -F 32 -n B-ESP /dev/nvme0n1p1
mkfs.ext4 -q -L B-ROOT /dev/nvme0n1p2
mkswap -L B-SWAP /dev/nvme0n1p3
mount /dev/nvme0n1p2 /mnt
mkdir -p /mnt/boot
mount -o umask=0077 /dev/nvme0n1p1 /mnt/boot
swapon /dev/nvme0n1p3
