/** Whatever is wrong, the real binary says it in one clear line (a value with a caret under it) and with the right exit code. */
import { machineUnderTest } from "../../kit/machine/for_test.ts";
import { type Bad, refusalTest } from "./refusal.ts";

const machine = await machineUnderTest();

/** A value of an option of `run`: exit 2, the accepted forms, the caret where it is wrong; `null` for an empty value. */
function value(option: string, text: string, caret: number | null): Bad {
  const says = new RegExp(
    `^${option}: cannot read ".*" as an? [A-Za-z ]+: .*accepted: |^${option}: cannot read .*accepted: `,
  );
  return { argv: ["run", `${option}=${text}`, "true"], code: 2, says, ...(caret === null ? {} : { caret }) };
}

const LONG = "x".repeat(10_000);
const EVIL = "a\nb\x1b[31mc";

refusalTest(machine, "every bad value of every option of corral run is refused with a caret", [
  ...[
    "--timeout",
    "--grace",
    "--signal",
    "--memory",
    "--memory-high",
    "--swap",
    "--cpus",
    "--cpu-weight",
    "--pids",
  ]
    .flatMap((option) => [value(option, "", null), value(option, "?", 0), value(option, "-1", 0)]),
  ...["--timeout", "--grace", "--memory", "--cpus", "--pids"].map((option) => value(option, EVIL, 0)),
  ...["--timeout", "--memory", "--cpus", "--cpu-weight", "--pids"].map((option) => value(option, "0", 0)),
  ...["--timeout", "--memory", "--pids"].map((option) => value(option, LONG, 0)),
  value("--timeout", "10x", 2),
  value("--timeout", "1:60:00", 2),
  value("--memory", "1.5", 1),
  value("--memory", "10GB", 3),
  value("--memory", "9000T", 0),
  value("--cpus", "9000", 0),
  value("--cpus", "150%%", 4),
  value("--cpu-weight", "10001", 0),
  value("--pids", "4194305", 0),
  value("--pids", "1e3", 1),
  value("--signal", "TERN", 0),
  value("--signal", "0", 0),
  value("--name", "", null),
  { ...value("--name", LONG, 39) },
  { ...value("--ref", LONG, 39) },
  value("--ref", "", null),
  value("--tag", "", null),
  value("--tag", "novalue", 7),
  value("--tag", "=x", 0),
  value("--env", "novalue", 0),
  value("--env", "=x", 0),
  value("--env", "", null),
  {
    argv: ["run", "--backend=docker", "true"],
    code: 2,
    says: /^--backend: "docker" is none of auto, systemd, cgroupfs$/,
  },
  { argv: ["run", "--user=nobody2", "true"], code: 2, says: /^--user: there is no user "nobody2"$/ },
  { argv: ["run", `--user=${EVIL}`, "true"], code: 2, says: /^--user: there is no user "a\\nb/ },
  {
    argv: ["run", "--chdir=/nonexistent", "true"],
    code: 2,
    says: /^--chdir: cannot enter "\/nonexistent": No such file/,
  },
  {
    argv: ["run", "--chdir=/etc/passwd", "true"],
    code: 2,
    says: /^--chdir: "\/etc\/passwd" is not a directory$/,
  },
  { argv: ["run", "--chdir=", "true"], code: 2, says: /^--chdir: / },
  {
    argv: ["run", "--receipt=/nonexistent/r", "true"],
    code: 125,
    says: /^--receipt: cannot write "\/nonexistent\/r": /,
  },
  {
    argv: ["run", "--receipt=/etc", "true"],
    code: 125,
    says: /^--receipt: cannot write "\/etc": Is a directory/,
  },
  { argv: ["run", "--output=/tmp/x", "true"], code: 2, says: /^--output goes with --detach/ },
  { argv: ["run", "--timeout"], code: 2, says: /^option '-t, --timeout <DURATION>' argument missing/ },
  {
    argv: ["run", "--tiemout=1", "true"],
    code: 2,
    says: /^unknown option '--tiemout=1' \(did you mean --timeout\?\)|^unknown/,
  },
  { argv: ["run", "--user=root", "--chdir=/", "true"], code: 2, says: /^--user needs root$/, user: "bob" },
]);

refusalTest(machine, "a command that cannot be run is 126 or 127 and named", [
  { argv: ["run"], code: 2, says: /^missing required argument 'COMMAND'/ },
  { argv: ["run", "--"], code: 2, says: /^missing required argument 'COMMAND'/ },
  { argv: ["run", ""], code: 127, says: /^"": not found in PATH$/ },
  { argv: ["run", "nosuchcommand"], code: 127, says: /^"nosuchcommand": not found in PATH$/ },
  { argv: ["run", "./nosuch"], code: 127, says: /^"\.\/nosuch": no such file$/ },
  { argv: ["run", EVIL], code: 127, says: /^"a\\nb\\x1b\[31mc": not found in PATH$/ },
  { argv: ["run", LONG], code: 127, says: /^"x{40}\.\.\.": not found in PATH$/ },
  { argv: ["run", `/tmp/${LONG}`], code: 127, says: /^"\/tmp\/x{35}\.\.\.": no such file$/ },
  { argv: ["run", "/etc"], code: 126, says: /^"\/etc": is a directory$/ },
  { argv: ["run", "/etc/passwd"], code: 126, says: /^"\/etc\/passwd": is not executable$/ },
  { argv: ["run", "/etc/passwd/x"], code: 127, says: /^"\/etc\/passwd\/x": no such file$/ },
  { argv: ["run", "--detach", "nosuchcommand"], code: 127, says: /^"nosuchcommand": not found in PATH$/ },
]);

refusalTest(machine, "a job that is not there and a command that is none are said in one line", [
  { argv: ["pss"], code: 2, says: /^unknown command "pss", did you mean ps\?/ },
  { argv: [EVIL], code: 2, says: /^unknown command "a\\nb\\x1b\[31mc"/ },
  { argv: ["--nope"], code: 2, says: /^unknown option '--nope'/ },
  { argv: ["ps", "extra"], code: 1, says: /^no job matches "extra" \(see: corral ps -a\)$/ },
  { argv: ["top", "extra"], code: 2, says: /^too many arguments for 'top'/ },
  ...["show", "set", "freeze", "thaw"].map((verb): Bad => ({
    argv: [verb],
    code: 2,
    says: /^missing required argument 'JOB'/,
  })),
  ...["show", "kill", "freeze", "thaw"].flatMap((verb): Bad[] => [
    { argv: [verb, "zzzzzz"], code: 1, says: /^no job matches "zzzzzz" \(see: corral ps -a\)$/ },
    {
      argv: [verb, "name:nobody"],
      code: 1,
      says: /^no (live )?job matches "name:nobody" \(see: corral ps( -a)?\)$/,
    },
    { argv: [verb, "UPPER"], code: 1, says: /^no job matches "UPPER" \(see: corral ps -a\)$/ },
    { argv: [verb, "2222222"], code: 1, says: /^no job matches "2222222" \(see: corral ps -a\)$/ },
    { argv: [verb, ""], code: 2, says: /^cannot read "" as a job: it is empty; accepted: an id .*$/ },
    { argv: [verb, "ref:"], code: 2, says: /^cannot read "ref:" as a job: nothing follows ref:; /, caret: 4 },
  ]),
  { argv: ["set", "zzzzzz"], code: 2, says: /^nothing to change: / },
  {
    argv: ["set", "zzzzzz", "--timeout", "+x"],
    code: 2,
    says: /^--timeout: cannot read "\+x" as a duration/,
    caret: 1,
  },
  {
    argv: ["set", "zzzzzz", "--memory", "0"],
    code: 2,
    says: /^--memory: cannot read "0" as a size/,
    caret: 0,
  },
  { argv: ["kill"], code: 2, says: /^which job\? give JOB, --name, --ref, --user, --tag or --all$/ },
  { argv: ["kill", "--all", "zzzzzz"], code: 2, says: /^give either JOB or a filter, not both$/ },
  { argv: ["kill", "--ref", "nobody"], code: 1, says: /^no live job matches "nobody" \(see: corral ps\)$/ },
  {
    argv: ["doctor", "--backend", "x"],
    code: 2,
    says: /^--backend: "x" is none of auto, systemd, cgroupfs$/,
  },
  {
    argv: ["--log-level", "loud", "ps"],
    code: 2,
    says: /^--log-level: "loud" is none of debug, info, warn, error$/,
  },
  {
    argv: ["--config", "/nonexistent", "ps"],
    code: 2,
    says: /^cannot read the configuration \/nonexistent: /,
  },
  { argv: ["--state-dir", "", "ps"], code: 2, says: /^--state-dir: give a directory$/ },
  {
    argv: ["--state-dir", "/proc/x", "sweep"],
    code: 1,
    says: /^\/proc\/x\/corral.db: cannot open: .* \(give a writable directory: --state-dir /,
  },
]);
