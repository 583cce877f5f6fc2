#!/bin/sh
# nspawn_boot.sh STATE_DIR IMAGE_ROOT: boots the image under an overlay in memory, in a mount namespace that goes with
# the container, so nothing is ever written to the image and no mount outlives the boot.
set -eu
state=$1 image=$2
mkdir "$state/memory" "$state/root"
mount -t tmpfs -o mode=0755 corral-test "$state/memory"
mkdir "$state/memory/upper" "$state/memory/work"
mount -t overlay corral-test \
  -o "lowerdir=$state/files:$image,upperdir=$state/memory/upper,workdir=$state/memory/work" "$state/root"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --keep-unit --register=no --machine=corral-test --directory="$state/root" \
  --private-network --link-journal=no --console=read-only --bind="$state/agent:/mnt/agent" --boot
