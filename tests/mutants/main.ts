/**
 * The driver of `make mutants`: tries every edit of the lists beside this file (or those whose names hold one of the arguments), each in a
 * copy of the tree, and expects the related unit tests to notice. Prints those that survive, and the share that died.
 */
import { join } from "node:path";
import { CACHE_DIR } from "../kit/machine/project.ts";
import { MUTANTS } from "./all.ts";
import { flaw, type Mutant, nameOf } from "./mutant.ts";
import { Tree, type Verdict } from "./tree.ts";

/** Copies that are worked on side by side. */
const AT_ONCE = Math.max(1, Math.min(4, navigator.hardwareConcurrency));
/** An edit that makes the tests hang has been noticed: they get so much, and several times what they take without it. */
const LEAST_TIMEOUT_MS = 15_000;
const TIMEOUT_SHARE = 5;
const BASELINE_TIMEOUT_MS = 600_000;
const WANTED_PERCENT = 95;
const DIED: readonly Verdict[] = ["failed", "hung"];

async function main(words: readonly string[]): Promise<number> {
  const chosen = MUTANTS.filter((mutant) =>
    words.length === 0 || words.some((word) => nameOf(mutant).includes(word))
  );
  const flaws = chosen.flatMap((mutant) => {
    const found = flaw(mutant);
    return found === null ? [] : [`${nameOf(mutant)}: ${found}`];
  });
  if (chosen.length === 0 || flaws.length > 0) {
    console.error(flaws.length > 0 ? flaws.join("\n") : `No edit is called ${words.join(" or ")}`);
    return 2;
  }
  const trees = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => Tree.copyTo(join(CACHE_DIR, "mutants", String(index)))),
  );
  try {
    return report(await tryAll(chosen, trees));
  } finally {
    await Promise.all(trees.map((tree) => tree.remove()));
  }
}

async function tryAll(mutants: readonly Mutant[], trees: readonly Tree[]): Promise<Map<Mutant, Verdict>> {
  const verdicts = new Map<Mutant, Verdict>();
  const baselines = new Map<string, number>();
  const waiting = [...mutants];
  await Promise.all(trees.map(async (tree) => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const tests = mutant.tests.join(" ");
      const takesMs = baselines.get(tests) ?? await baselineMs(mutant, tree);
      baselines.set(tests, takesMs);
      const verdict = await tree.try(mutant, LEAST_TIMEOUT_MS + TIMEOUT_SHARE * takesMs);
      verdicts.set(mutant, verdict);
      if (verdict !== "failed") {
        console.log(`${verdict === "passed" ? "SURVIVED" : verdict}: ${nameOf(mutant)}`);
      }
      if (verdicts.size % 25 === 0) console.error(`mutants: ${verdicts.size} of ${mutants.length}`);
    }
  }));
  return verdicts;
}

/** How long the mutant's tests take without an edit. Throws an error when they fail. */
async function baselineMs({ tests }: Mutant, tree: Tree): Promise<number> {
  const startMs = performance.now();
  const { verdict, output } = await tree.test(tests, BASELINE_TIMEOUT_MS);
  if (verdict !== "passed") throw new Error(`${output}\nThe tests fail without any edit`);
  return performance.now() - startMs;
}

function report(verdicts: Map<Mutant, Verdict>): number {
  const count = (wanted: readonly Verdict[]) =>
    [...verdicts.values()].filter((verdict) => wanted.includes(verdict)).length;
  const [died, broken] = [count(DIED), count(["broken"])];
  const percent = 100 * died / verdicts.size;
  console.log(
    `${verdicts.size} edits: ${died} died (${percent.toFixed(1)} %), ${count(["passed"])} survived` +
      (broken > 0 ? `, ${broken} are no program any more` : ""),
  );
  return broken > 0 || percent < WANTED_PERCENT ? 1 : 0;
}

Deno.exit(await main(Deno.args));
