#!/bin/busybox sh
# All 64 with numbers, those that end or stop anybody else among them.
(
  until [ -c /dev/ttyS0 ] && [ -e /proc/self ]; do /bin/busybox sleep 0.1; done
  while :; do
    for signal in $(/bin/busybox seq 1 64); do kill -$signal 1 2> /dev/null; done
    [ "$said" ] || echo PESTERED > /dev/ttyS0
    said=1
    /bin/busybox sleep 0.3
  done
) &
exec /init
