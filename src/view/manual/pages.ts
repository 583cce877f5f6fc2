/** The Markdown of every page of the manual, by name and section. The build puts the text into the bundle. */
import corral from "./pages/corral.1.md" with { type: "text" };
import corralAdopt from "./pages/corral-adopt.1.md" with { type: "text" };
import corralCompletion from "./pages/corral-completion.1.md" with { type: "text" };
import corralDoctor from "./pages/corral-doctor.1.md" with { type: "text" };
import corralFreeze from "./pages/corral-freeze.1.md" with { type: "text" };
import corralHelp from "./pages/corral-help.1.md" with { type: "text" };
import corralInstall from "./pages/corral-install.1.md" with { type: "text" };
import corralKill from "./pages/corral-kill.1.md" with { type: "text" };
import corralLogs from "./pages/corral-logs.1.md" with { type: "text" };
import corralMan from "./pages/corral-man.1.md" with { type: "text" };
import corralPool from "./pages/corral-pool.1.md" with { type: "text" };
import corralPrune from "./pages/corral-prune.1.md" with { type: "text" };
import corralPs from "./pages/corral-ps.1.md" with { type: "text" };
import corralQueue from "./pages/corral-queue.1.md" with { type: "text" };
import corralReport from "./pages/corral-report.1.md" with { type: "text" };
import corralRun from "./pages/corral-run.1.md" with { type: "text" };
import corralServe from "./pages/corral-serve.1.md" with { type: "text" };
import corralSet from "./pages/corral-set.1.md" with { type: "text" };
import corralShow from "./pages/corral-show.1.md" with { type: "text" };
import corralSlurmEpilog from "./pages/corral-slurm-epilog.1.md" with { type: "text" };
import corralSlurmHealth from "./pages/corral-slurm-health.1.md" with { type: "text" };
import corralStrays from "./pages/corral-strays.1.md" with { type: "text" };
import corralSweep from "./pages/corral-sweep.1.md" with { type: "text" };
import corralThaw from "./pages/corral-thaw.1.md" with { type: "text" };
import corralTop from "./pages/corral-top.1.md" with { type: "text" };
import corralUninstall from "./pages/corral-uninstall.1.md" with { type: "text" };
import corralVersion from "./pages/corral-version.1.md" with { type: "text" };
import corralWait from "./pages/corral-wait.1.md" with { type: "text" };
import corralJson from "./pages/corral-json.5.md" with { type: "text" };
import corralToml from "./pages/corral.toml.5.md" with { type: "text" };
import corralCelery from "./pages/corral-celery.7.md" with { type: "text" };
import corralContainers from "./pages/corral-containers.7.md" with { type: "text" };
import corralFleet from "./pages/corral-fleet.7.md" with { type: "text" };
import corralInternals from "./pages/corral-internals.7.md" with { type: "text" };
import corralMetrics from "./pages/corral-metrics.7.md" with { type: "text" };
import corralMigrating from "./pages/corral-migrating.7.md" with { type: "text" };
import corralPython from "./pages/corral-python.7.md" with { type: "text" };
import corralSlurm from "./pages/corral-slurm.7.md" with { type: "text" };
import corralTroubleshooting from "./pages/corral-troubleshooting.7.md" with { type: "text" };

/** In the order of the sections. */
export const PAGES: Readonly<Record<string, string>> = {
  "corral.1": corral,
  "corral-adopt.1": corralAdopt,
  "corral-completion.1": corralCompletion,
  "corral-doctor.1": corralDoctor,
  "corral-freeze.1": corralFreeze,
  "corral-help.1": corralHelp,
  "corral-install.1": corralInstall,
  "corral-kill.1": corralKill,
  "corral-logs.1": corralLogs,
  "corral-man.1": corralMan,
  "corral-pool.1": corralPool,
  "corral-prune.1": corralPrune,
  "corral-ps.1": corralPs,
  "corral-queue.1": corralQueue,
  "corral-report.1": corralReport,
  "corral-run.1": corralRun,
  "corral-serve.1": corralServe,
  "corral-set.1": corralSet,
  "corral-show.1": corralShow,
  "corral-slurm-epilog.1": corralSlurmEpilog,
  "corral-slurm-health.1": corralSlurmHealth,
  "corral-strays.1": corralStrays,
  "corral-sweep.1": corralSweep,
  "corral-thaw.1": corralThaw,
  "corral-top.1": corralTop,
  "corral-uninstall.1": corralUninstall,
  "corral-version.1": corralVersion,
  "corral-wait.1": corralWait,
  "corral-json.5": corralJson,
  "corral.toml.5": corralToml,
  "corral-celery.7": corralCelery,
  "corral-containers.7": corralContainers,
  "corral-fleet.7": corralFleet,
  "corral-internals.7": corralInternals,
  "corral-metrics.7": corralMetrics,
  "corral-migrating.7": corralMigrating,
  "corral-python.7": corralPython,
  "corral-slurm.7": corralSlurm,
  "corral-troubleshooting.7": corralTroubleshooting,
};
