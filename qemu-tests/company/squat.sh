#!/bin/busybox sh
(
  until /bin/busybox swapon /dev/nvme0n1p2 2> /dev/null; do /bin/busybox sleep 0.1; done
  echo SQUATTING > /dev/ttyS0
) &
exec /init
