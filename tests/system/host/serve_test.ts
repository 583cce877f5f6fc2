/** The built `corral serve` on this machine: its place, its exit codes, its signals, its secrets. */
import assert from "node:assert/strict";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { exists, HostCorral, until } from "./host_corral.ts";

const machine = await machineUnderTest();
/** The aim is 2 s, on a machine that has nothing else to do. */
const STOPS_WITHIN_MS = 10_000;

function hostTest(name: string, act: (corral: HostCorral) => Promise<void>): void {
  machineTest(machine, name, async () => {
    await using corral = await HostCorral.on(machine);
    await act(corral);
  });
}

/** A server under way on a socket in a directory of its own. */
async function serving(corral: HostCorral, socket: string, ...options: string[]): Promise<Deno.ChildProcess> {
  const server = corral.command(["serve", "--socket", socket, ...options]).spawn();
  await until("the token is there", () => exists(`${socket}.token`));
  return server;
}

hostTest("corral serve refuses every address that other machines could reach", async (corral) => {
  for (const address of ["0.0.0.0:8000", "[::]:8000", "8000", "localhost.example:1"]) {
    const { code, stderr } = await corral.corral("serve", "--listen", address);
    assert.equal(code, 2);
    assert.match(stderr, /^corral: --listen: .* is no port of this machine alone.*ssh -L 8000:[^\n]*\n$/);
  }
});

hostTest("corral serve stops at TERM and INT, and takes its socket and token with it", async (corral) => {
  const socket = `${corral.stateDir}/run/serve.sock`;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const server = await serving(corral, socket);
    const startMs = performance.now();
    server.kill(signal);
    const { code, stdout, stderr } = await server.output();
    assert.ok(performance.now() - startMs < STOPS_WITHIN_MS);
    assert.equal(code, 0);
    assert.equal(new TextDecoder().decode(stderr), "");
    assert.equal(
      new TextDecoder().decode(stdout),
      `serving on "${socket}"\nits address: corral serve --url\n`,
    );
    assert.deepEqual([exists(socket), exists(`${socket}.token`)], [false, false]);
  }
});

hostTest(
  "corral serve: a second one on the same socket says so; after a kill -9 the next one takes over",
  async (corral) => {
    const socket = `${corral.stateDir}/run/serve.sock`;
    const first = await serving(corral, socket);
    const second = await corral.corral("serve", "--socket", socket);
    assert.equal(second.code, 1);
    assert.equal(
      second.stderr,
      `corral: another server listens on "${socket}" (its address: corral serve --url)\n`,
    );
    const url = await corral.corral("serve", "--socket", socket, "--url");
    const [, token] =
      /^ssh -L 8000:\S+ \S+\nthen open http:\/\/localhost:8000\/#token=([\w-]{43})\n$/.exec(url.stdout) ?? [];
    assert.equal(token, Deno.readTextFileSync(`${socket}.token`).trim());
    assert.ok(!Deno.readTextFileSync(`/proc/${first.pid}/cmdline`).includes(token!));
    assert.ok(!Deno.readTextFileSync(`/proc/${first.pid}/environ`).includes(token!));
    first.kill("SIGKILL");
    await first.output();
    assert.equal((await corral.corral("serve", "--socket", socket, "--url")).code, 1);
    Deno.removeSync(`${socket}.token`);
    const next = await serving(corral, socket);
    next.kill("SIGTERM");
    assert.equal((await next.output()).code, 0);
  },
);
