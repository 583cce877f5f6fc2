#!/bin/sh
# npm_ci.sh DIRECTORY WHAT: npm ci there, as the lock file says, with a line of progress every few seconds.
set -eu
cd "$1"
what=$2
echo "toolchain: fetching $what from npm ..." >&2
seconds=0
while sleep 3 2>/dev/null; do
  seconds=$((seconds + 3))
  echo "toolchain: fetching $what ... $seconds s, $(du -sm node_modules 2>/dev/null | cut -f 1) MB unpacked" >&2
done &
progress=$!
trap 'kill "$progress" 2>/dev/null' EXIT
npm ci --ignore-scripts --loglevel=error >&2
echo "toolchain: $what is here" >&2
