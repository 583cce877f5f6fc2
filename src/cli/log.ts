/** What corral says of itself on stderr: `corral: …` lines, or records of a log when --log-level or --log-format asks for one. */
import { choiceOf } from "../value/choice.ts";
import { printable } from "../base/text.ts";

/** Two voices: to the user, and to a log. */
export interface Log {
  /** One line for the user. */
  say(line: string): void;
  log(level: "debug" | "info", message: string, properties?: Record<string, unknown>): void;
}

/** What --log-level takes. */
export const LEVEL_CHOICE = choiceOf("--log-level", ["debug", "info", "warn", "error"]);
/** What --log-format takes. */
export const FORMAT_CHOICE = choiceOf("--log-format", ["text", "json"]);
type Level = typeof LEVEL_CHOICE.values[number];
/** The log library's own names. */
const LIBRARY_LEVEL = { debug: "debug", info: "info", warn: "warning", error: "error" } as const;

/** Throws UsageError for an unknown level or format. The log library (8 ms) is loaded only when a log is asked for. */
export async function makeLog(
  options: { logLevel?: string; logFormat?: string },
  write: (text: string) => void,
): Promise<Log> {
  const level = LEVEL_CHOICE.parse(options.logLevel ?? "warn");
  const format = FORMAT_CHOICE.parse(options.logFormat ?? "text");
  const plain: Log = { say: (line) => write(`corral: ${printable(line)}\n`), log: () => {} };
  if (format === "text" && (level === "warn" || level === "error")) return plain;
  return await libraryLog(level, format, write);
}

async function libraryLog(
  level: Level,
  format: "text" | "json",
  write: (text: string) => void,
): Promise<Log> {
  const { configureSync, getJsonLinesFormatter, getLogger } = await import("@logtape/logtape");
  const asJson = getJsonLinesFormatter();
  configureSync({
    sinks: {
      stderr: (record) => {
        const properties = Object.keys(record.properties).length > 0
          ? ` ${JSON.stringify(record.properties)}`
          : "";
        write(
          format === "json"
            ? asJson(record)
            : `corral: ${record.level}: ${printable(record.message.join("") + properties)}\n`,
        );
      },
    },
    loggers: [
      { category: "corral", lowestLevel: LIBRARY_LEVEL[level], sinks: ["stderr"] },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  const logger = getLogger("corral");
  return {
    say: (line) =>
      // Doubled braces stand for themselves; a value put in for a name would be shown in quotes.
      format === "json" ? logger.warn(line.replace(/[{}]/g, "$&$&")) : write(`corral: ${printable(line)}\n`),
    log: (at, message, properties = {}) =>
      at === "debug" ? logger.debug(message, properties) : logger.info(message, properties),
  };
}
