/** The built `corral serve` in a browser: what an admin sees and does, from a job's start to its end. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { isInstalled } from "../../kit/machine/command.ts";
import { machineTest, machineUnderTest } from "../../kit/machine/for_test.ts";
import { openPage, withBrowser } from "../../kit/page/browser.ts";
import { exists, HostCorral, until } from "./host_corral.ts";

const machine = await machineUnderTest();
const HERE = isInstalled("chromium") ? {} : { skip: "chromium is not here" };
/** The aim is 2 s, on a machine that has nothing else to do. */
const APPEARS_WITHIN_MS = 10_000;
const NASTY = '"><img src=x onerror=alert(1)>\u202egpj';

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A server that may change jobs, and a page of it; fails when the page asked elsewhere, or something on it went wrong. */
async function onPage(act: (page: Page, corral: HostCorral) => Promise<void>): Promise<void> {
  await using corral = await HostCorral.on(machine);
  const port = freePort();
  const listen = ["--listen", `127.0.0.1:${port}`];
  const server = corral.command(["serve", ...listen, "--allow-changes"]).spawn();
  try {
    await until("the token is there", () => exists(`/run/corral/serve-${port}.token`));
    const { stdout } = await corral.corral("serve", ...listen, "--url");
    const address = /http:\S+/.exec(stdout)![0];
    await withBrowser(async (browser) => {
      const page = await openPage(browser, { address, isBlank: true });
      const wrong: string[] = [];
      page.on("pageerror", ({ message }) => wrong.push(message));
      page.on("console", (said) => void (said.type() === "error" && wrong.push(said.text())));
      const { origin, hash } = new URL(address);
      page.on("request", (asked) => void (new URL(asked.url()).origin === origin || wrong.push(asked.url())));
      await page.goto(address);
      await page.locator("#main").waitFor();
      await page.getByText("live", { exact: true }).first().waitFor();
      assert.ok(!page.url().includes(hash), "the token stays in the address");
      await act(page, corral);
      assert.deepEqual(wrong, []);
    });
  } finally {
    server.kill("SIGTERM");
    await server.output();
  }
}

machineTest(
  machine,
  "the page of a real server shows a job that starts, and ends it when it is told to",
  () =>
    onPage(async (page, corral) => {
      const startMs = performance.now();
      const run = ["run", "--backend", "cgroupfs", "--detach", "--output", "/dev/null", "--name", NASTY];
      const id = (await corral.corral(...run, "--timeout", "10m", "--", "sleep", "1000")).stdout.trim();
      await page.locator(`.live-jobs a[href="#/job/${id}"]`).waitFor({ timeout: APPEARS_WITHIN_MS });
      console.log(
        `a job is on the page ${Math.round(performance.now() - startMs)} ms after its corral run began`,
      );
      await page.locator(`.live-jobs a[href="#/job/${id}"]`).click();
      await page.locator("h1", { hasText: "img src=x" }).waitFor();
      assert.equal(await page.locator("h1 img").count(), 0);
      await page.getByText("sleep 1000").first().waitFor();
      await page.getByRole("button", { name: "Kill…" }).click();
      await page.getByRole("button", { name: /^Kill 1 process/ }).click();
      await page.getByText("ended: killed").first().waitFor();
      await page.keyboard.press("Escape");
      const { reason, events } = await corral.show(id) as unknown as {
        reason: string;
        events: { kind: string; actor: string }[];
      };
      assert.equal(reason, "killed");
      assert.ok(events.some(({ kind }) => kind === "ended"));
      await page.goto(`${new URL(page.url()).origin}/#/history`);
      await page.getByRole("button", { name: "today" }).click();
      await page.locator(`a[href="#/job/${id}"]`).waitFor();
    }),
  HERE,
);
