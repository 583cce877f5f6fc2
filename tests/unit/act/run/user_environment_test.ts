import assert from "node:assert/strict";
import { isHandedOn, userEnvironment } from "../../../../src/act/run/user_environment.ts";

const ALICE = { name: "alice", uid: 1000, gid: 1000, home: "/home/alice", shell: "/bin/zsh" };
const IDENTITY = { HOME: "/home/alice", USER: "alice", LOGNAME: "alice", SHELL: "/bin/zsh" };
const ROOTS = {
  HOME: "/root",
  PATH: "/root/bin:/usr/bin",
  LANG: "C.UTF-8",
  LC_TIME: "de_DE",
  TZ: "UTC",
  TERM: "xterm",
  SECRET: "1",
  TMPDIR: "/root/tmp",
  XDG_RUNTIME_DIR: "/run/user/0",
  LD_PRELOAD: "/root/x.so",
};

Deno.test("userEnvironment() is the user's own, and hands on language, terminal and time zone", () => {
  assert.deepEqual(userEnvironment(ALICE, ROOTS, { keepEnv: false, asked: {} }), {
    ...IDENTITY,
    PATH: "/usr/local/bin:/usr/bin:/bin",
    LANG: "C.UTF-8",
    LC_TIME: "de_DE",
    TZ: "UTC",
    TERM: "xterm",
  });
});

Deno.test("userEnvironment() with keepEnv leaves out only what is root's own", () => {
  const { TMPDIR: _, XDG_RUNTIME_DIR: __, ...kept } = ROOTS;
  assert.deepEqual(userEnvironment(ALICE, ROOTS, { keepEnv: true, asked: {} }), { ...kept, ...IDENTITY });
});

Deno.test("userEnvironment() puts what was asked for before all else", () => {
  const asked = { TMPDIR: "/scratch", PATH: "/opt/bin", HOME: "/data" };
  const env = userEnvironment(ALICE, ROOTS, { keepEnv: false, asked });
  assert.deepEqual([env["TMPDIR"], env["PATH"], env["HOME"]], ["/scratch", "/opt/bin", "/data"]);
});

Deno.test("isHandedOn() knows no part of a name", () => {
  for (const name of ["LC_", "LANGX", "XTERM", "TZDIR", "LC_x"]) {
    assert.equal(isHandedOn(name, false), false, name);
  }
});
