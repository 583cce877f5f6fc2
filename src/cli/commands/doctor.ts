/** `corral doctor`: reports what this node can enforce, and for each problem the command that fixes it; then limits and kills a real job. */
import { Command } from "@commander-js/extra-typings";
import { choiceOption } from "../choice_option.ts";
import type { Invoke } from "../verb.ts";
import type { Context } from "../context.ts";
import { CorralError, EXIT } from "../../base/errors.ts";
import {
  type CheckResult,
  inspectBackend,
  inspectKernel,
  inspectStore,
  inspectTools,
} from "../../observe/doctor.ts";
import { inspectServe } from "../../serve/inspect_serve.ts";
import { inspectRoom } from "../../observe/doctor_room.ts";
import type { Backend } from "../../backend/backend.ts";
import type { BackendName } from "../../job/job.ts";
import { BACKEND_CHOICE } from "../../backend/choose.ts";
import { toJson } from "../../base/json.ts";
import { printable } from "../../base/text.ts";

/** The sub-command, wired to `invoke`. */
export function doctorVerb(invoke: Invoke) {
  const doctor = new Command("doctor")
    .description(
      "Checks kernel, cgroups, backend, tools and store, then really creates a job, limits it and kills it. Exit 1 if something is missing.",
    )
    .addOption(
      choiceOption("--backend <BACKEND>", "check this backend: auto, systemd or cgroupfs", BACKEND_CHOICE),
    )
    .option("--json", "print JSON");
  doctor.action((options) =>
    invoke(doctor, (context, refused) => examine(context, options, refused), { withoutConfig: true })
  );
  return doctor;
}

async function examine(
  context: Context,
  options: { backend?: ReturnType<typeof BACKEND_CHOICE.parse>; json?: boolean },
  refusedConfig: CorralError | null,
): Promise<number> {
  const findings: CheckResult[] = [];
  const add = (...found: CheckResult[]) => {
    findings.push(...found);
    if (!options.json) { for (const finding of found) context.stdout.write(line(finding)); }
  };
  if (refusedConfig !== null) add(failed("configuration", refusedConfig));
  const backend = attempt("backend", add, () => launchBackend(context, options.backend));
  const node = attempt("cgroup2", add, () => context.layout());
  if (node !== null) add(...inspectKernel(node, context.cgroups(), Deno.osRelease()));
  if (backend !== null) add(...inspectBackend(backend));
  add(...inspectRoom(context.procs.root));
  add(...inspectTools(context.env["PATH"] ?? "", backend?.name ?? null));
  add(...inspectStore(() => context.openStore("doctor").path));
  add(await inspectServe(context));
  if (backend !== null) add(await tryJob(context, backend));
  const bad = findings.filter((finding) => !finding.ok).length;
  if (options.json) {
    context.stdout.write(toJson({ ok: bad === 0, backend: backend?.name ?? null, findings }) + "\n");
  } else context.stdout.write(bad === 0 ? "all is well\n" : `${bad} ${bad === 1 ? "problem" : "problems"}\n`);
  return bad === 0 ? EXIT.DONE : EXIT.NEGATIVE;
}

/** The backend of a job that is started from here. */
function launchBackend(context: Context, asked: BackendName | "auto" | undefined): Backend {
  const { backend, bestEffort } = context.settings;
  return context.launchBackend(asked ?? backend, { bestEffort, warn: context.say });
}

function attempt<T>(what: string, add: (finding: CheckResult) => void, act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof CorralError)) throw error;
    add(failed(what, error));
    return null;
  }
}

function failed(what: string, { message, remedy }: CorralError): CheckResult {
  return { what, ok: false, detail: message, remedy };
}

function line({ what, ok, detail, remedy }: CheckResult): string {
  const text = `${ok ? "ok  " : "FAIL"}  ${what}: ${detail}`;
  return `${printable(text)}\n${remedy === null ? "" : `      remedy: ${printable(remedy)}\n`}`;
}

/** A job that ignores TERM and leaves its session: only the kill of its cgroup ends all of it. */
const STUBBORN =
  "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & while :; do sleep 1; done";

/** Runs a job by this binary, as a caller would: a temporary store, a limit for each available controller, a timeout. */
async function tryJob(context: Context, backend: Backend): Promise<CheckResult> {
  // Not in $TMPDIR, which may be on a file system that does not answer.
  const directory = Deno.makeTempDirSync({ dir: "/tmp", prefix: "corral-doctor-" });
  try {
    const controllers = backend.controllers();
    const limits = [
      ...(controllers.has("memory") ? ["--memory", "256M"] : []),
      ...(controllers.has("cpu") ? ["--cpus", "0.5"] : []),
      ...(controllers.has("pids") ? ["--pids", "64"] : []),
    ];
    const receipt = `${directory}/receipt.json`;
    const words = [
      "--state-dir",
      directory,
      "run",
      "--name",
      "doctor",
      "--backend",
      backend.name,
      "--timeout",
      "500ms",
      "--grace",
      "100ms",
    ];
    const result = await context.run([
      context.self.path,
      ...words,
      "--receipt",
      receipt,
      ...limits,
      "--",
      "/bin/sh",
      "-c",
      STUBBORN,
    ]);
    return judge(result, receipt, limits);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function judge(result: { code: number; stderr: string }, receipt: string, limits: string[]): CheckResult {
  const what = "a real job";
  if (result.code !== EXIT.TIMEOUT) {
    return {
      what,
      ok: false,
      detail: result.stderr.split("\n").at(-1) ?? `exit ${result.code}`,
      remedy: "see the findings above",
    };
  }
  const job = JSON.parse(Deno.readTextFileSync(receipt));
  const limited = limits.length === 0 ? "without limits" : `limited (${limits.join(" ")})`;
  const ok = job.reason === "timeout" && job.survivors.length === 0;
  return {
    what,
    ok,
    detail: `created, ${limited}, overdue after 0.5 s, killed: ${job.survivors.length} processes left`,
    remedy: null,
  };
}
