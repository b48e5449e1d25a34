#!/bin/busybox sh
# PID 1 of the benchmark's machine: runs the contenders in turn, each on a disk as it came from the factory, and says on the serial line
# what each of them took. What it reads between two contenders it reads with the shell's own words, so that it starts no process.

export PATH=/bin LC_ALL=C
DISK=nvme0n1
TRACE=/sys/kernel/tracing

fail() {
  cat /run/output 2> /dev/null
  echo "BENCH failed $*"
  poweroff -f
}

machine() {
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t devtmpfs dev /dev
  mkdir -p /dev/pts /dev/shm /mnt
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  mount -t tmpfs tmpfs /run
  mount -t tracefs tracefs $TRACE || fail "mounting tracefs"
  echo /init > /proc/sys/kernel/modprobe
  for module in nvme virtio_pci virtio_blk loop squashfs overlay ext4 vfat nls_cp437 nls_ascii nls_utf8 dm_crypt xts; do
    # What is built into the kernel cannot be loaded; what is missing is seen below, or by who needs it.
    /init -q -- $module
  done
  for device in $DISK vda; do
    tries=0
    until [ -b /dev/$device ]; do
      [ $((tries += 1)) -le 100 ] || fail "$device does not appear"
      usleep 100000
    done
  done
  # Threads of the kernel are started by others for others.
  echo 'parent_comm != "kthreadd"' > $TRACE/events/sched/sched_process_fork/filter || fail "counting processes"
  echo 1 > $TRACE/events/sched/sched_process_fork/enable
  echo 0 > $TRACE/tracing_on
}

# Sets now (hundredths of a second), cpu (microseconds in which any processor had work) and written (sectors of 512 bytes).
look() {
  read -r now _ < /proc/uptime
  now=${now%.*}${now#*.}
  cpu=0
  # Documentation/scheduler/sched-stats.rst: the seventh number of a processor, in nanoseconds.
  while read -r word _ _ _ _ _ _ ran _; do
    case $word in cpu*) cpu=$((cpu + ran / 1000)) ;; esac
  done < /proc/schedstat
  read -r _ _ _ _ _ _ written _ < /sys/block/$DISK/stat
}

# A disk that holds nothing, and that nothing holds.
blank() {
  umount /mnt/boot 2> /dev/null
  umount /mnt 2> /dev/null
  while read -r node _; do
    case $node in /dev/*) swapoff "$node" ;; esac
  done < /proc/swaps
  dmsetup remove_all
  rm -f /dev/mapper/[!c]* /dev/mapper/cryptroot
  /bin/blkdiscard -f /dev/$DISK && /bin/blockdev --rereadpt /dev/$DISK || fail "clearing the disk"
  blkid -p /dev/$DISK && fail "the disk is not clear"
  [ ! -e /dev/${DISK}p1 ] || fail "the disk still has partitions"
  sync
  echo 3 > /proc/sys/vm/drop_caches
}

# Whoever says that it is done must be: three partitions, both file systems mounted, swap in use.
check() {
  grep -q "^/dev/[^ ]* /mnt ext4 rw" /proc/mounts || fail "$1 has not mounted the root"
  grep -q "^/dev/${DISK}p[0-9] /mnt/boot vfat rw" /proc/mounts || fail "$1 has not mounted the ESP"
  grep -q "^/dev/" /proc/swaps || fail "$1 does not use the swap space"
  set -- "$1" $(/bin/blockdev --getsize64 /dev/${DISK}p1 /dev/${DISK}p2 /dev/${DISK}p3)
  [ "$2" = 1073741824 ] && [ "$3" -gt 59000000000 ] && [ "$4" -ge 8589000000 ] || fail "$1 has made other partitions: $*"
}

# measure NAME PROGRAM...: until everything is on the disk.
measure() {
  name=$1
  shift
  : > $TRACE/trace
  look
  began=$now cpu_before=$cpu written_before=$written
  echo 1 > $TRACE/tracing_on
  "$@" > /run/output 2>&1 || fail "$name ended with $?"
  echo 0 > $TRACE/tracing_on
  sync
  look
  processes=$(grep -c sched_process_fork: $TRACE/trace)
  echo "BENCH run $name $round $(((now - began) * 10)) $((cpu - cpu_before)) $processes $((written - written_before))"
  while read -r word step milliseconds total; do
    [ "$word" != STEP ] || echo "BENCH step $name $round $step $milliseconds $((total - written_before))"
  done < /run/output
}

contend() {
  measure "$@"
  check "$1"
}

disko() {
  /bin/systemd-udevd --daemon || fail "starting udev"
  udevadm trigger --type=all --action=add
  udevadm settle --timeout 120 || fail "udev does not settle"
  contend disko bash /bench/disko.sh
  kill "$(pidof systemd-udevd)"
  while pidof systemd-udevd > /dev/null; do usleep 100000; done
  rm -rf /run/udev /dev/disk
}

# The cost that the installer chose is in the header that it made.
cost() {
  dd if=/dev/${DISK}p2 bs=4096 count=4 2> /dev/null | /bin/grep -ao "\"$1\":[0-9]*" | head -n 1 | cut -d : -f 2
}

# One lane: openssl's program has no threads for more, and is what cryptsetup derives its keys with.
luks() {
  contend luks /bench/apply install.luks.enable install.labels.luks=B-CRYPT install.luks.pbkdf.parallel=1
  [ "$(cost cpus)" = 1 ] || fail "the container has other lanes"
  memory=$(cost memory) passes=$(cost time)
  measure kdf openssl kdf -keylen 64 -kdfopt pass:benchmark -kdfopt salt:0123456789abcdef0123456789abcdef -kdfopt memcost:"$memory" \
    -kdfopt iter:"$passes" -kdfopt lanes:1 ARGON2ID
  echo "BENCH cost $memory $passes"
}

machine
read -r rounds < /bench/rounds
round=0
# The first round warms up, and does not count.
while [ $round -le "$rounds" ]; do
  blank
  contend apply /bench/apply
  blank
  contend plain bash /bench/plain.sh
  blank
  disko
  blank
  contend repart bash /bench/repart.sh
  blank
  contend repart-keep bash /bench/repart.sh --discard=no
  blank
  luks
  round=$((round + 1))
done
blank
echo "BENCH done"
poweroff -f
