#!/bin/busybox sh
# The least that holds what is there already.
(
  until [ -s /run/autoinstaller.log ]; do /bin/busybox sleep 0.1; done
  for size in 4k 8k 12k 16k 20k 24k; do
    ! /bin/busybox mount -o remount,size=$size /run 2> /dev/null || break
  done
) &
exec /init
