/** What corral reports of its own work, apart from what a command was asked for. */

/** Where code that must not print hands its lines. */
export interface Diagnostics {
  /** One line of diagnostics on stderr, with `corral: ` before it. */
  say(line: string): void;
  /** Details for --log-level info and debug. */
  log(level: "debug" | "info", message: string, properties?: Record<string, unknown>): void;
}
