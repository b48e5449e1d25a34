#!/bin/busybox sh
# All 64 with numbers, those that end or stop anybody else among them.
(
  until [ -c /dev/ttyS0 ] && [ -e /proc/self ]; do /bin/busybox sleep 0.1; done
  while :; do
    sent=0
    for signal in $(/bin/busybox seq 1 64); do ! kill -$signal 1 2> /dev/null || sent=$((sent + 1)); done
    [ "$said" ] || echo "PESTERED $sent TIMES" > /dev/ttyS0
    said=1
    /bin/busybox sleep 0.3
  done
) &
exec /init
