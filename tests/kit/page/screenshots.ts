/** screenshots.ts DIR [WIDTH [PART]]: every view of the page in both themes at three widths, as PNG files; PART: those views only. */
import { openPage, withBrowser } from "./browser.ts";
import { SampleServer } from "./sample_server.ts";
import { quietNode } from "./sample_node.ts";

const WIDTHS = [360, 1440, 2560];
const VIEWS: Record<string, string> = {
  "node": "#/",
  "queue": "#/queue",
  "history": "#/history",
  "job-runs": "#/job/d9fzws",
  "job-hangs": "#/job/h3r6tw",
  "job-oom": "#/job/k8v3se",
  "job-free": "#/job/zt5w8c",
  "job-hostile": "#/job/bq7n4d",
  "job-queued": "#/job/a7d2mc",
};

const [directory, only, part] = Deno.args;
if (directory === undefined) throw new Error("screenshots.ts DIR [WIDTH]");
await Deno.mkdir(directory, { recursive: true });
const widths = only === undefined ? WIDTHS : [Number(only)];

await withBrowser(async (browser) => {
  for (const theme of ["light", "dark"] as const) {
    for (const width of widths) await shoot({ browser, width, theme });
  }
});

async function shoot(
  { browser, width, theme }: {
    browser: Parameters<typeof openPage>[0];
    width: number;
    theme: "light" | "dark";
  },
) {
  await using server = await SampleServer.start();
  const page = await openPage(browser, { address: server.address, width, theme });
  const wants = (name: string) => part === undefined || name.includes(part);
  const picture = async (name: string) => {
    if (wants(name)) {
      await page.screenshot({ path: `${directory}/${name}-${width}-${theme}.png`, fullPage: true });
    }
  };
  for (const [name, route] of Object.entries(VIEWS).filter(([name]) => wants(name))) {
    await page.evaluate((route) => void (location.hash = route), route);
    await page.waitForTimeout(350);
    await picture(name);
  }
  await page.evaluate(() => void (location.hash = "#/job/d9fzws"));
  await page.locator(".btn.danger").click();
  await page.locator("dialog li").first().waitFor();
  await picture("dialog-kill");
  await page.keyboard.press("Escape");
  await page.evaluate(() => void (location.hash = "#/"));
  await page.locator(".plot canvas").waitFor();
  await page.locator(".plot").click({ position: { x: 200, y: 60 } });
  await picture("node-held");
  await page.keyboard.press("Escape");
  server.isSilent = true;
  await page.locator(".stale-bar").waitFor();
  await page.waitForTimeout(4500);
  await page.mouse.move(2, 2);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await picture("stale");
  server.isSilent = false;
  server.sample.node = quietNode();
  server.sample.jobs = [];
  await page.locator(".stale-bar .btn").click();
  await page.locator(".columns .empty").waitFor();
  await page.waitForTimeout(300);
  await picture("empty");
  await page.context().clearCookies();
  await page.reload();
  await page.locator(".doorstep h1").waitFor();
  await picture("no-token");
  await page.close();
}
