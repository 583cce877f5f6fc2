/** Which format a scraper gets, by its Accept header (RFC 9110, 12.5.1). Pure. */
import type { Exposition } from "./exposition.ts";

interface Range {
  type: string;
  version: string | null;
  q: number;
}

/** OpenMetrics only for a scraper that names it and likes it no less: the older format is what any other understands. */
export function exposedAs(accept: string | null): Exposition {
  const ranges = (accept ?? "*/*").split(",").map(rangeIn);
  const openMetrics = Math.max(
    0,
    ...ranges.filter(({ type, version }) =>
      type === "application/openmetrics-text" && (version === null || version === "1.0.0")
    ).map(({ q }) => q),
  );
  return openMetrics > 0 && openMetrics >= qualityOfText(ranges) ? "openmetrics" : "prometheus";
}

/** The most specific range that matches counts, not the best. */
function qualityOfText(ranges: readonly Range[]): number {
  for (const wanted of ["text/plain", "text/*", "*/*"]) {
    const found = ranges.filter(({ type, version }) =>
      type === wanted && (version === null || version === "0.0.4")
    );
    if (found.length > 0) return Math.max(...found.map(({ q }) => q));
  }
  return 0;
}

function rangeIn(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const value = (key: string) =>
    parameters.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1).replaceAll('"', "") ?? null;
  const q = Number(value("q") ?? 1);
  return { type, version: value("version"), q: q >= 0 && q <= 1 ? q : 0 };
}
