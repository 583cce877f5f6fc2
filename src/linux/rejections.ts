/** Errors of promises that no code awaits. They must not end the supervisor of a job. */

/** Deno 2.7.11 says so of a child that died of a real-time signal, in place of its exit. */
const CHILD_OF_REAL_TIME_SIGNAL = /^Invalid signal: \d+$/;

/** `report` receives them. */
export function reportRejections(report: (reason: unknown) => void): void {
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    const message = event.reason instanceof Error ? event.reason.message : "";
    if (!CHILD_OF_REAL_TIME_SIGNAL.test(message)) report(event.reason);
  });
}
