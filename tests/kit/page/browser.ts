/** Debian's chromium, headless, by playwright-core. */
import { type Browser, chromium, type Page } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";

export async function withBrowser(use: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

export interface Opened {
  readonly address: string;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "light" | "dark";
  /** The caller goes to an address itself. */
  readonly isBlank?: boolean;
}

/** A page that has read its first snapshot, or the word that it may not. */
export async function openPage(browser: Browser, opened: Opened): Promise<Page> {
  const { address, width = 1440, height = width < 768 ? 780 : 900, theme = "light" } = opened;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  if (opened.isBlank) return page;
  await page.goto(address);
  await page.locator("#main").waitFor();
  return page;
}
