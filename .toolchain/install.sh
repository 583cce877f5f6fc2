#!/bin/sh
# Puts the pinned Deno from npm into this directory. Quick when it is there already.
set -eu
cd "$(dirname "$0")"
version=2.7.11
deno=node_modules/@deno/linux-x64-glibc/deno

if [ "$("$deno" --version 2>/dev/null | head -n 1 | cut -d ' ' -f 2)" != "$version" ]; then
  if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "toolchain: npm has Deno $version for Linux on x86_64 only in this set-up. On $(uname -sm) run:" \
      "make DENO=/path/to/deno (version $version) DENORT_BIN=/path/to/denort" >&2
    exit 1
  fi
  ./npm_ci.sh . "Deno $version (50 MB)"
fi
touch installed
