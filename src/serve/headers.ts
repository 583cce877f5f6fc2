/** The headers of every answer: nothing from elsewhere runs in the page, no page frames it, and no cache keeps it. */

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** `connection: close` as well: each request has a connection of its own, which ends with it (front.ts). */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
  "connection": "close",
};

/** An answer with these headers and its own. */
export function answer(
  status: number,
  contentType: string,
  body: BodyInit | null,
  own: Record<string, string> = {},
) {
  return new Response(body, { status, headers: { ...HEADERS, "content-type": contentType, ...own } });
}
