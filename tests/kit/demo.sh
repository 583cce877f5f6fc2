#!/bin/sh
# What `make` shows at its end: a job that does everything to outlive its time-out, and what is left of it: nothing.
# Exit code 0 when all went as it should, or when this machine cannot run jobs, which is then said with the remedy.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
corral=$root/dist/corral
work=$(mktemp -d) || exit 1
supervisor=
export CORRAL_STATE_DIR="$work/state"
unset CORRAL_CONFIG

# Of the runaway: its first process, one in another session, one without a parent, and what they wait for.
READY_PROCESSES=6
READY_TRIES=100

clean_up() {
  if [ -n "$supervisor" ] && kill -TERM "$supervisor" 2>/dev/null; then wait "$supervisor"; fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

show() { # what is run, and its output
  printf '\n$ corral %s\n' "$*"
  "$corral" "$@"
}

fail() {
  echo "demo: failed: $*" >&2
  exit 1
}

# Living processes that carry the mark of the job with id $1. A zombie has no environment any more.
count_processes() {
  grep -lzxs "CORRAL_JOB_ID=$1" /proc/[0-9]*/environ | wc -l
}

# No backend is a property of the machine; anything else that goes wrong here is a failure.
if ! refusal=$("$corral" run -- true 2>&1); then
  case $refusal in
    *'nothing here lets uid'* | *'no cgroup2 file system'* | *'neither systemd nor'* | *'is read-only'*)
      echo "demo: skipped: $(printf '%s\n' "$refusal" | sed -n 's/^corral: //p' | tail -n 1)"
      exit 0
      ;;
  esac
  fail "$refusal"
fi

cat >"$work/runaway.sh" <<'SCRIPT'
trap '' TERM                                                          # polite requests are ignored
setsid sh -c 'while sleep 1; do :; done' &                            # gone from the session
(setsid sh -c 'while sleep 1; do :; done' &)                          # and from its parent, too
while sleep 1; do :; done
SCRIPT

echo
echo "runaway.sh leaves nobody behind who could end it:"
sed 's/^/    /' "$work/runaway.sh"

options='--name runaway --timeout 3s --grace 1s --memory 256M --pids 64 --best-effort'
printf '\n$ corral run %s -- sh runaway.sh &\n' "$options"
cd "$work" || exit 1
# shellcheck disable=SC2086 # the options are words without blanks
"$corral" run $options --receipt "$work/receipt.json" -- sh runaway.sh &
supervisor=$!

id= running=0 tries=0
while [ "$running" -lt "$READY_PROCESSES" ] && [ "$tries" -lt "$READY_TRIES" ]; do
  sleep 0.05
  tries=$((tries + 1))
  id=$("$corral" ps --json --interval 0 2>/dev/null | sed -n 's/^ *"id": "\(.*\)",$/\1/p' | head -n 1)
  [ -n "$id" ] && running=$(count_processes "$id")
done
[ "$running" -ge "$READY_PROCESSES" ] || fail "the job did not get under way"

show ps || fail "corral ps gave exit code $?"
show show "$id" || fail "corral show gave exit code $?"

printf '\n$ wait; echo $?\n'
wait "$supervisor"
code=$?
supervisor=
left=$(count_processes "$id")
echo "$code"

show show "$id" || fail "corral show gave exit code $?"
[ "$code" -eq 124 ] || fail "corral run gave exit code $code, not 124"
grep -q '"reason": "timeout"' "$work/receipt.json" || fail "the receipt names another reason than timeout"
[ "$left" -eq 0 ] || fail "$left of its processes are left"
printf '\n%s processes ran when it was listed; 3 s after its start its time was up; %s processes left.\n' "$running" "$left"
