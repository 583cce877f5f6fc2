import assert from "node:assert/strict";
import { EXIT } from "../../../../src/base/errors.ts";
import { Child } from "../../../kit/fakes/child.ts";
import { FakeNode } from "../../../kit/fakes/node.ts";
import { type FakeProcess, NO_PID } from "../../../kit/fakes/proc_dir.ts";
import { testsOf } from "../../../kit/fakes/tests_of.ts";

const FASTSURFER = ["python3", "run_fastsurfer.py", "--sid", "subject01"];
const MATCH = ["strays", "--match", "run_fastsurfer"] as const;
const UID = String(Deno.uid());

const straysTest = testsOf(() => new FakeNode());

/** A real process under a command line that only the fake node shows. */
function disguise(node: FakeNode, { pid }: Child, changes: FakeProcess = {}): void {
  node.addProcess(pid, { command: FASTSURFER, ...changes });
}

straysTest("corral strays lists what matches and is in no job, as a table", async (node) => {
  node.start({ spec: { argv: FASTSURFER } });
  node.addProcess(NO_PID + 7, { command: FASTSURFER, startTicks: 1_000 });
  node.addProcess(NO_PID + 8, { command: ["vim", "notes"] });
  assert.equal(await node.corral(...MATCH, "--ref-pattern", "--sid (\\S+)"), EXIT.DONE);
  assert.equal(
    node.out,
    [
      `    PID    AGE  USER${
        " ".repeat(UID.length - Math.min(UID.length, 4))
      }    CPU   MEM  REF        COMMAND\n`,
      `5000007  2h31m  ${UID.padEnd(4)}  120ms  1.8M  subject01  python3 run_fastsurfer.py --sid subject01\n`,
    ].join(""),
  );
  assert.deepEqual(node.said, []);
});

straysTest("corral strays finds nothing: only the titles, and that is fine", async (node) => {
  assert.equal(await node.corral(...MATCH), EXIT.DONE);
  assert.equal(node.out, "PID  AGE  USER  CPU  MEM  REF  COMMAND\n");
  node.out = "";
  assert.equal(await node.corral(...MATCH, "--kill"), EXIT.DONE);
  assert.equal(node.out, "");
  assert.equal(await node.corral(...MATCH, "--kill", "--json"), EXIT.DONE);
  assert.deepEqual(node.takeJson(), []);
});

straysTest("corral strays --json has units in its keys, and the words one by one", async (node) => {
  node.addProcess(NO_PID, { command: FASTSURFER, ppid: 7, cgroup: "/celery.service" });
  assert.equal(await node.corral(...MATCH, "--json"), EXIT.DONE);
  const [{ residentBytes, ...stray }] = node.takeJson() as [{ residentBytes: number }];
  assert.equal(residentBytes % 451, 0);
  assert.deepEqual(stray, {
    pid: NO_PID,
    ppid: 7,
    user: UID,
    uid: Deno.uid(),
    state: "S",
    ageMs: 100_000,
    cpuUsageUsec: 120_000,
    cgroupPath: "/celery.service",
    ref: null,
    matched: true,
    status: null,
    command: FASTSURFER,
  });
});

straysTest(
  "corral strays shows hostile command lines on one line each, cut to the terminal",
  async (node) => {
    node.widthColumns = 80;
    node.addProcess(NO_PID, { command: ["run_fastsurfer", "\x1b[2J\r\n4711 root evil", "\u202e"] });
    node.addProcess(NO_PID + 1, { command: ["run_fastsurfer", "x".repeat(10_000)] });
    assert.equal(await node.corral(...MATCH, "--ref-pattern", "evil|x{9}"), EXIT.DONE);
    const lines = node.out.split("\n");
    assert.equal(lines.length, 4);
    assert.ok(lines.every((line) => line.length <= 80), node.out);
    assert.match(lines[1]!, /^5000000 .* evil +run_fastsurfer \\x1b\[2J\\r\\n47/);
    assert.match(lines[2]!, / xxxxxxxxx +run_fastsurfer x+…$/);
  },
);

straysTest("corral strays filters by age and user", async (node) => {
  node.addProcess(NO_PID, { command: FASTSURFER, startTicks: 900_100 });
  node.addProcess(NO_PID + 1, { command: FASTSURFER, startTicks: 909_000 });
  const pids = async (...options: string[]) => {
    assert.equal(await node.corral(...MATCH, "--json", ...options), EXIT.DONE, node.said.join());
    return (node.takeJson() as { pid: number }[]).map(({ pid }) => pid - NO_PID);
  };
  assert.deepEqual(await pids("--older-than", "1m"), [0]);
  assert.deepEqual(await pids("--older-than", "90d"), []);
  assert.deepEqual(await pids("--user", UID), [0, 1]);
  assert.deepEqual(await pids("--user", "4242"), []);
  // The fake node has no getent.
  assert.equal(await node.corral(...MATCH, "--user", "alice"), EXIT.NEGATIVE);
});

straysTest("corral strays refuses patterns that cannot be read or match everything", async (node) => {
  for (
    const [words, message] of [
      [["--match", "("], /^corral: --match: Invalid regular expression: .*Unterminated group$/],
      [
        ["--match", ""],
        /^corral: --match: "" matches every command line there is \(if all are meant: .* --yes\)$/,
      ],
      [["--match", "x", "--ref-pattern", "[b-a]"], /^corral: --ref-pattern: Invalid .*out of order.*$/],
      [["--match", "\x1b[2J("], /^corral: --match: Invalid regular expression: \/\\x1b.*$/],
      [
        [],
        /^corral: strays: which processes\? --match REGEX, by their command lines, or --gpu, by what they hold$/,
      ],
    ] as const
  ) {
    node.said.length = 0;
    assert.equal(await node.corral("strays", ...words), EXIT.USAGE, words.join(" "));
    assert.equal(node.said.length, 1);
    assert.match(node.said[0]!, message);
  }
});

straysTest("corral strays takes patterns that begin with a dash", async (node) => {
  node.addProcess(NO_PID, { command: FASTSURFER });
  assert.equal(await node.corral("strays", "--match", "--sid", "--ref-pattern", "--sid (\\S+)"), EXIT.DONE);
  assert.match(node.out, / subject01 +python3/);
});

straysTest("corral strays --kill ends them, each on a line of its own", async (node) => {
  await using obeys = await Child.ignoring("HUP");
  await using ignores = await Child.ignoring("TERM");
  for (const child of [obeys, ignores]) disguise(node, child);
  node.addProcess(NO_PID, { command: FASTSURFER });
  assert.equal(await node.corral(...MATCH, "--kill", "--grace", "100ms"), EXIT.DONE);
  const command = "(python3 run_fastsurfer.py --sid subject01)";
  assert.deepEqual(
    node.out.trimEnd().split("\n").toSorted(),
    [
      `${obeys.pid} ended: TERM ${command}`,
      `${ignores.pid} ended: KILL ${command}`,
      `${NO_PID} gone before it was signalled ${command}`,
    ].toSorted(),
  );
});

straysTest("corral strays --kill --json tells what became of each", async (node) => {
  await using child = await Child.ignoring("HUP");
  disguise(node, child);
  await node.corral(...MATCH, "--kill", "--signal", "INT", "--json", "--ref-pattern", "--sid (\\S+)");
  assert.deepEqual(node.takeJson(), [{
    pid: child.pid,
    uid: Deno.uid(),
    ref: "subject01",
    command: FASTSURFER,
    ended: "term",
    because: null,
  }]);
  assert.equal(await child.signal, "SIGINT");
});

straysTest("corral strays --kill --now sends KILL at once", async (node) => {
  await using child = await Child.ignoring("HUP");
  disguise(node, child);
  await node.corral(...MATCH, "--kill", "--now");
  assert.match(node.out, /^\d+ ended: KILL /);
  assert.equal(await child.signal, "SIGKILL");
});

straysTest("corral strays without --kill, and --kill --dry-run, only list", async (node) => {
  await using child = await Child.ignoring("HUP");
  disguise(node, child);
  for (const options of [[], ["--kill", "--dry-run"], ["--now", "--grace", "0"]]) {
    node.out = "";
    assert.equal(await node.corral(...MATCH, ...options), EXIT.DONE);
    assert.match(node.out, new RegExp(`^ *PID .*\\n *${child.pid} .* run_fastsurfer.py --sid subject01\\n$`));
  }
  assert.ok(await child.wasLeftAlone());
});

straysTest(
  "corral strays --kill spares jobs, supervisors, launches under way, and who reads its output",
  async (node) => {
    const children = await Promise.all(Array.from({ length: 5 }, () => Child.ignoring("HUP")));
    const [inJob, supervisor, starting, reader, stray] = children as [Child, Child, Child, Child, Child];
    try {
      disguise(node, inJob, { cgroup: "/corral/abcdef/nested" });
      disguise(node, supervisor, { command: ["corral", "run", "--", ...FASTSURFER] });
      disguise(node, starting, { ppid: supervisor.pid, command: ["/bin/sh", "-c", "x", ...FASTSURFER] });
      disguise(node, reader, { command: ["tee", "run_fastsurfer.log"] });
      disguise(node, stray);
      for (const file of ["self/fd/1", `${reader.pid}/fd/0`]) {
        Deno.mkdirSync(`${node.proc.root}/${file}`.slice(0, -2), { recursive: true });
        Deno.symlinkSync("pipe:[4711]", `${node.proc.root}/${file}`);
      }
      await node.corral(...MATCH, "--kill", "--tree");
      assert.match(node.out, new RegExp(`^${stray.pid} ended: TERM [^\\n]*\\n$`));
      for (const child of [inJob, supervisor, starting, reader]) assert.ok(await child.wasLeftAlone());
    } finally {
      for (const child of children) await child[Symbol.asyncDispose]();
    }
  },
);

straysTest("corral strays --kill --tree ends what the matches started", async (node) => {
  await using parent = await Child.ignoring("HUP");
  await using child = await Child.ignoring("HUP");
  await using other = await Child.ignoring("HUP");
  disguise(node, parent);
  disguise(node, child, { ppid: parent.pid, command: ["bwa", "mem"] });
  disguise(node, other, { command: ["bwa", "mem"] });
  await node.corral(...MATCH, "--kill", "--tree");
  assert.deepEqual([await parent.signal, await child.signal], ["SIGTERM", "SIGTERM"]);
  assert.ok(await other.wasLeftAlone());
});

straysTest(
  "corral strays --kill signals nobody whose pid changed hands since the list was made",
  async (node) => {
    await using child = await Child.ignoring("HUP");
    disguise(node, child);
    const { context } = node;
    // The list is made with the first answer; the process is held and identified with the second.
    let asked = 0;
    Object.defineProperty(node, "context", {
      value: {
        ...context,
        clock: {
          ...context.clock,
          bootMs: () => {
            if (++asked === 2) disguise(node, child, { startTicks: 900_101, command: ["vim"] });
            return context.clock.bootMs();
          },
        },
      },
    });
    assert.equal(await node.corral(...MATCH, "--kill", "--grace", "0"), EXIT.DONE);
    assert.match(node.out, new RegExp(`^${child.pid} gone before it was signalled `));
    assert.ok(await child.wasLeftAlone());
  },
);

const REFS = ["--ref-pattern", "--sid (\\S+)"];
const subject = (sid: string) => ({ command: [...FASTSURFER.slice(0, 3), sid] });

straysTest("corral strays shows what the owner says of each ref", async (node) => {
  node.addProcess(NO_PID + 7, subject("subject01"));
  node.addProcess(NO_PID + 8, subject("subject02"));
  node.shell = (command, stdin) => {
    assert.deepEqual([command, stdin], ["ask", "subject01\nsubject02\n"]);
    return { code: 0, stdout: "subject01 RUNNING\n", stderr: "" };
  };
  assert.equal(await node.corral(...MATCH, ...REFS, "--status-command", "ask"), EXIT.DONE);
  const [titles, ...rows] = node.out.trim().split("\n").map((line) => line.trim().split(/ {2,}/));
  const at = titles!.indexOf("STATUS");
  assert.deepEqual(rows.map((cells) => cells[at]), ["running", "-"]);
  node.out = "";
  assert.equal(await node.corral(...MATCH, ...REFS, "--status-command", "ask", "--json"), EXIT.DONE);
  assert.deepEqual((node.takeJson() as { status: unknown }[]).map(({ status }) => status), ["running", null]);
});

straysTest(
  "corral strays --finished-only takes those of which the owner says so, and no others",
  async (node) => {
    const children = Array.from({ length: 3 }, () => new Child("exec sleep 1000"));
    try {
      for (const [index, child] of children.entries()) disguise(node, child, subject(`subject0${index}`));
      const finishedOnly = [
        ...MATCH,
        ...REFS,
        "--finished-only",
        "--kill",
        "--status-command",
        "ask",
        "--json",
      ];
      const answer = { stdout: "subject00 Completed\nsubject01 running\n", stderr: "" };
      node.shell = () => ({ code: 1, ...answer });
      assert.equal(await node.corral(...finishedOnly), EXIT.DONE);
      assert.deepEqual(node.takeJson(), [], "no answer never kills");
      node.shell = () => ({ code: 0, ...answer });
      await node.corral(...finishedOnly);
      assert.deepEqual((node.takeJson() as { pid: number }[]).map(({ pid }) => pid), [children[0]!.pid]);
    } finally {
      for (const child of children) await child[Symbol.asyncDispose]();
    }
  },
);

straysTest("corral strays --finished-only wants to know by whose word", async (node) => {
  for (const args of [[], REFS, ["--status-command", "ask"]]) {
    assert.equal(await node.corral(...MATCH, "--finished-only", ...args), EXIT.USAGE, args.join(" "));
    assert.match(
      node.said.pop()!,
      /--finished-only: by whose word\? give --ref-pattern and --status-command$/,
    );
  }
});
