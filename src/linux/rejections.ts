/** Errors of promises that no code awaits. They must not end the supervisor of a job. */

type Claim = (reason: unknown) => boolean;

const claims: Claim[] = [];
let report: ((reason: unknown) => void) | null = null;

/** `claim` is asked about every such error; true means that it was expected and has been dealt with. */
export function claimRejections(claim: Claim): void {
  // The newest first: an earlier claim may have been met already.
  claims.unshift(claim);
  listen();
}

/** `act` receives the errors that no claim took. */
export function reportRejections(act: (reason: unknown) => void): void {
  report = act;
  listen();
}

let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  addEventListener("unhandledrejection", (event) => {
    const claimed = claims.some((claim) => claim(event.reason));
    if (!claimed && report === null) return;
    event.preventDefault();
    if (!claimed) report?.(event.reason);
  });
}
