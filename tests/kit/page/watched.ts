/** A page of the sample server that is watched: what it asks for, what it complains about. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { type Opened, openPage } from "./browser.ts";
import { SampleServer } from "./sample_server.ts";

export interface Watched {
  readonly page: Page;
  readonly server: SampleServer;
}

/** Fails when the page asks another host, the console has an error (a breach of the policy is one), or a script throws. */
export async function watched(
  browser: Browser,
  options: Omit<Opened, "address"> & { prepare?: (server: SampleServer) => void; allowed?: RegExp },
  use: (watched: Watched) => Promise<void>,
): Promise<void> {
  await using server = await SampleServer.start();
  options.prepare?.(server);
  const page = await openPage(browser, { ...options, address: "about:blank", isBlank: true });
  const asked = new Set<string>();
  const complaints: string[] = [];
  page.on("request", (request) => void asked.add(new URL(request.url()).origin));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  await page.goto(server.address);
  await page.locator("#main").waitFor();
  await use({ page, server });
  await page.close();
  const unexpected = complaints.filter((line) =>
    options.allowed === undefined || !options.allowed.test(line)
  );
  assert.deepEqual(unexpected, []);
  assert.deepEqual([...asked].filter((origin) => origin !== server.origin && origin !== "null"), []);
  assert.deepEqual(server.sample.strange, []);
}

/** Names in the table of live jobs, as they stand. */
export async function jobNames(page: Page): Promise<string[]> {
  return await page.locator(".live-jobs tbody tr[data-href] .a1 a").allInnerTexts();
}
