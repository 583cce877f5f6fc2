/**
 * The driver of `make test`: runs the tiers named as arguments (default: all but those on request), a line for each, the output of those
 * that fail, and at the end the totals. CORRAL_REQUIRE=all makes a tier that cannot run a failure, not a skip.
 */
import { ensureImage, type Flavour, type Suite } from "../machine/images.ts";
import { type Outcome, runTier } from "./run_tier.ts";
import { obstacle, type Tier, TIERS } from "./tier.ts";

const REQUIRES_ALL = Deno.env.get("CORRAL_REQUIRE") === "all";

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !TIERS.some((tier) => tier.name === name));
  if (unknown.length > 0) {
    console.error(
      `No tier is called ${unknown.join(", ")}; there are ${TIERS.map(({ name }) => name).join(", ")}`,
    );
    return 2;
  }
  const wanted = names.length === 0
    ? TIERS.filter(({ onRequest }) => !onRequest)
    : TIERS.filter(({ name }) => names.includes(name));
  const obstacles = new Map(wanted.map((tier) => [tier, obstacle(tier)]));
  await addImageFailures(obstacles);
  const outcomes = await runLanes(obstacles);
  const total = (key: "passed" | "failed" | "skipped") =>
    outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
  console.log(`${total("passed")} passed, ${total("failed")} failed, ${total("skipped")} skipped`);
  return total("failed") === 0 ? 0 : 1;
}

type Obstacles = Map<Tier, string | null>;

/** Images are built before anything runs: it would disturb what is measured, and two tiers share each. */
async function addImageFailures(obstacles: Obstacles): Promise<void> {
  const failures = new Map<string, string | null>();
  for (const [tier, reason] of obstacles) {
    if (tier.suite === null || reason !== null) continue;
    const image = `${tier.flavour ?? ""} ${tier.suite}`;
    if (!failures.has(image)) failures.set(image, await imageFailure(tier.suite, tier.flavour));
    obstacles.set(tier, failures.get(image)!);
  }
}

async function imageFailure(suite: Suite, flavour?: Flavour): Promise<string | null> {
  try {
    await ensureImage(suite, flavour);
    return null;
  } catch (error) {
    return `has no image: ${(error as Error).message}`;
  }
}

/** The light tiers one by one, then two lanes beside each other: containers, and emulators with few cores' worth. */
async function runLanes(obstacles: Obstacles): Promise<Outcome[]> {
  const lane = async (name: Tier["lane"]) => {
    const outcomes = [];
    for (const [tier, reason] of obstacles) {
      if (tier.lane === name) outcomes.push(await runAndReport(tier, reason));
    }
    return outcomes;
  };
  const light = await lane("light");
  const heavy = await Promise.all([lane("nspawn"), lane("vm")]);
  return [light, ...heavy].flat();
}

async function runAndReport(tier: Tier, reason: string | null): Promise<Outcome> {
  if (reason !== null) return cannotRun(tier, reason);
  const outcome = await runTier(tier);
  if (outcome.passed + outcome.failed === 0) return cannotRun(tier, "has no tests");
  if (outcome.failed > 0) {
    console.log(`${failureReport(outcome.output)}\nAll of it: .cache/logs/${tier.name}.log`);
  }
  const { passed, failed, skipped, seconds } = outcome;
  report(tier, `${passed} passed, ${failed} failed, ${skipped} skipped (${seconds.toFixed(1)} s)`);
  return outcome;
}

/** deno test repeats the failed tests and their errors at the end; a run that did not get so far is shown whole. */
function failureReport(output: string): string {
  const at = output.indexOf("\n ERRORS \n");
  return (at < 0 ? output : output.slice(at)).trimEnd();
}

function cannotRun(tier: Tier, reason: string): Outcome {
  report(tier, `${REQUIRES_ALL ? "FAILED" : "skipped"}: ${reason}`);
  return { passed: 0, failed: REQUIRES_ALL ? 1 : 0, skipped: REQUIRES_ALL ? 0 : 1, seconds: 0, output: "" };
}

function report(tier: Tier, line: string): void {
  console.log(`${`${tier.name}:`.padEnd(17)} ${line}`);
}

Deno.exit(await main(Deno.args));
