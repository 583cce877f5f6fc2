/** `corral metrics`: the metrics of this node once, and what Prometheus and Grafana make of them. */
import { Command } from "@commander-js/extra-typings";
import { EXIT, UsageError } from "../../base/errors.ts";
import { toJson } from "../../base/json.ts";
import { fromHere } from "../../base/path.ts";
import { writeWhole } from "../../linux/whole_file.ts";
import { choiceOf } from "../../value/choice.ts";
import { dashboard } from "../../view/metrics/dashboard.ts";
import { COMPATS, exposition, EXPOSITIONS } from "../../view/metrics/exposition.ts";
import { rulesYaml } from "../../view/metrics/rules.ts";
import { choiceOption } from "../choice_option.ts";
import { MetricsCollector } from "../collect_metrics.ts";
import type { Context } from "../context.ts";
import type { Invoke } from "../verb.ts";

/** A user's process has so long to answer (linux/as_user.ts), and none reads it on a deadline here. */
const ANSWERS_MS = 12_000;

function command() {
  return new Command("metrics")
    .description(
      "Prints the metrics of this node once, for a file of node_exporter's textfile collector; the same that corral serve has at " +
        "/metrics. With --rules or --dashboard, what Prometheus and Grafana make of them.",
    )
    .addOption(choiceOption(
      "--format <FORMAT>",
      `${EXPOSITIONS.join(" or ")} (default: prometheus)`,
      choiceOf("--format", EXPOSITIONS),
    ))
    .addOption(choiceOption(
      "--compat <NAMES>",
      "add the names of another exporter: jobstats, Princeton's cgroup_exporter",
      choiceOf("--compat", COMPATS),
    ))
    .option("--rules", "print alert rules for Prometheus")
    .option("--dashboard", "print a dashboard for Grafana")
    .option("--output <FILE>", "write to FILE, which is replaced when all is written");
}

type Options = ReturnType<ReturnType<typeof command>["opts"]>;

/** The sub-command, wired to `invoke`. */
export function metricsVerb(invoke: Invoke) {
  const metrics = command();
  metrics.action((options) => invoke(metrics, (context) => printMetrics(context, options)));
  return metrics;
}

async function printMetrics(context: Context, options: Options): Promise<number> {
  refuseContradictions(options);
  const { text, isWhole } = await chosenText(context, options);
  if (options.output === undefined) context.stdout.write(text);
  else writeWhole(fromHere(context.cwd, options.output), [text]);
  return isWhole ? EXIT.DONE : EXIT.NEGATIVE;
}

function refuseContradictions({ rules, dashboard, format, compat }: Options): void {
  if (rules && dashboard) throw new UsageError("--rules and --dashboard are two files: one at a time");
  const other = rules ? "--rules" : dashboard ? "--dashboard" : null;
  if (other === null) return;
  if (format !== undefined) throw new UsageError(`--format is for the metrics, and not for ${other}`);
  if (compat !== undefined) throw new UsageError(`--compat is for the metrics, and not for ${other}`);
}

async function chosenText(
  context: Context,
  { rules, dashboard: isDashboard, format = "prometheus", compat }: Options,
): Promise<{ text: string; isWhole: boolean }> {
  if (rules) return { text: rulesYaml(), isWhole: true };
  if (isDashboard) return { text: `${toJson(dashboard())}\n`, isWhole: true };
  const node = await new MetricsCollector(context).collect(ANSWERS_MS);
  return {
    text: [...exposition(node, { format, compat: compat ?? null })].join(""),
    isWhole: node.unanswered === 0,
  };
}
