/// <reference lib="dom" />
/** Memory of a job by kind over its life, with CPU, disk and stalls below. */
import { Component, type VNode } from "preact";
import type { JobDetail, JobSample } from "../feed.ts";
import { classes, html } from "./dom.ts";
import { bytes, coreLimit, cores, duration, limitText } from "./format.ts";
import { staleTo } from "./moment.ts";
import type { Page } from "./page.ts";
import { Plot } from "./plot_later.ts";
import type { Lane, Mark, PlotSpec } from "./spec.ts";
import { endWords, lookOfEnd } from "./words.ts";

interface Props {
  readonly page: Page;
  readonly detail: JobDetail;
}

interface State {
  readonly momentMs: number | null;
  readonly isHeld: boolean;
}

const KINDS = [
  { key: "anonBytes", label: "anon", colour: "--s0", isHatched: false },
  { key: "shmemBytes", label: "shmem", colour: "--s2", isHatched: false },
  { key: "slabBytes", label: "slab", colour: "--s6", isHatched: false },
  { key: "fileBytes", label: "file", colour: "--s0", isHatched: true },
] as const;

/** A limit this many times the use would press the course to the ground: it is only named then. */
const FAR = 8;
const HEADROOM = 1.12;

/** The plot of one job, and the figures of a moment in it. */
export class JobCourse extends Component<Props, State> {
  override state: State = { momentMs: null, isHeld: false };

  readonly #onMoment = (index: number | null, isHeld: boolean) =>
    this.setState({
      momentMs: index === null ? null : this.props.detail.samples[index]?.atMs ?? null,
      isHeld,
    });

  render(): VNode {
    const { page, detail } = this.props;
    const { momentMs, isHeld } = this.state;
    if (detail.samples.length < 2) return this.#tooYoung();
    return html`
      <section class="sec o3" aria-label="Course">
        <header><h2>Memory by kind</h2>${legend(page, detail, momentMs)}</header>
        <div class="panel plot-panel">
          <${Plot}
            label="Moment"
            spec="${jobSpec(page, detail)}"
            heldMs="${isHeld ? momentMs : null}"
            onMoment="${this.#onMoment}"
            say="${(index: number) => sayMoment(page, detail.samples[index])}"
          />
        </div>
      </section>
    `;
  }

  #tooYoung(): VNode {
    const { ended } = this.props.detail;
    const words = ended === null
      ? "Its course begins with the second sample."
      : "No course of it was kept: it was too short.";
    return html`
      <section class="sec o3" aria-label="Course">
        <header><h2>Memory by kind</h2></header>
        <div class="panel calm"><p>${words}</p></div>
      </section>
    `;
  }
}

function legend({ clock, nowMs }: Page, { samples, ended }: JobDetail, momentMs: number | null): VNode {
  const sample = samples.find(({ atMs }) => momentMs !== null && atMs >= momentMs) ?? samples.at(-1)!;
  const isLast = sample === samples.at(-1);
  const when = !isLast ? clock.short(sample.atMs, nowMs) : ended === null ? "now" : "at the end";
  // A kernel does not tell all of them, and the course of a job has only what it was told.
  const kinds = KINDS.filter(({ key }) => samples.some((sample) => sample[key] !== null));
  return html`
    <div class="legend sm"><b>${when}</b>${kinds.map(({ key, label, colour, isHatched }) =>
      html`
        <span><i class="${classes("swatch", isHatched && "file")}" style="${{
          "--c": `var(${colour})`,
        }}"></i>${label} ${bytes(sample[key])}${isHatched && html`
          <span class="t3 w-md">given back when needed</span>
        `}</span>
      `
    )}</div>
  `;
}

function sayMoment({ clock, nowMs }: Page, sample: JobSample | undefined): string {
  if (sample === undefined) return "";
  const kinds = KINDS.map(({ key, label }) => `${label} ${bytes(sample[key])}`);
  return `${clock.short(sample.atMs, nowMs)}: ${kinds.join(", ")}`;
}

function jobSpec(page: Page, detail: JobDetail): PlotSpec {
  const { samples, live, ended } = detail;
  const isStale = page.isStale && live !== null;
  const limit = live?.memoryMaxBytes ?? ended?.memoryMaxBytes ?? null;
  const peak = Math.max(1024 ** 2, ...samples.map(heightOf));
  const isFar = limit !== null && peak * FAR < limit;
  const limits = limit === null || isFar
    ? []
    : [{ value: limit, text: `limit ${limitText(limit)}`, atLeft: true }];
  const spec: PlotSpec = {
    timesMs: samples.map(({ atMs }) => atMs),
    layers: KINDS.map(({ key, label, colour, isHatched }) => ({
      ...{ key, colour, isHatched, label: key === "anonBytes" ? label : "" },
      values: samples.map((sample) => sample[key]),
    })),
    ...{ max: Math.max(peak, limits[0]?.value ?? 0) * HEADROOM, unit: "bytes", height: plotHeight(), limits },
    lanes: lanes(detail),
    marks: marks(page, detail),
    stale: isStale ? { fromMs: page.nowMs, text: `no data since ${page.clock.exact(page.nowMs)}` } : null,
    clock: page.clock,
  };
  return isStale ? staleTo(page.nowMs + page.ageMs, spec) : spec;
}

function heightOf(sample: JobSample): number {
  return KINDS.reduce((sum, { key }) => sum + (sample[key] ?? 0), 0);
}

function plotHeight(): number {
  return innerWidth < 500 ? 168 : innerWidth > 1799 ? 312 : 216;
}

function lanes({ samples, live, limits }: JobDetail): Lane[] {
  const cpuMax = live?.cpuMaxCores ?? limits.find(({ unit }) => unit === "cores")?.limit ?? null;
  const cpu = samples.map(({ cpuCores }) => cpuCores);
  const disk = samples.map(({ readBytesPerSec, writtenBytesPerSec }) =>
    (readBytesPerSec ?? 0) + (writtenBytesPerSec ?? 0)
  );
  const stalled = samples.map(({ stalledPercent }) => stalledPercent);
  const cpuTop = cpuMax ?? Math.max(1, ...cpu.map((value) => value ?? 0));
  const diskTop = Math.max(1024 ** 2, ...disk);
  const stalledTop = Math.max(50, ...stalled.map((value) => value ?? 0));
  const cpuWords = cpuMax === null
    ? "CPU, in cores"
    : `CPU, of its ${coreLimit(cpuMax)} ${cpuMax === 1 ? "core" : "cores"}`;
  return [
    {
      kind: "area",
      label: cpuWords,
      top: cpuMax === null ? cores(cpuTop) : coreLimit(cpuTop),
      max: cpuTop,
      values: cpu,
    },
    {
      kind: "area",
      label: "Disk, read and written each second",
      top: bytes(diskTop),
      max: diskTop,
      values: disk,
    },
    {
      kind: "area",
      label: "Stalled, share of the time it waited",
      top: `${stalledTop.toFixed(0)}%`,
      max: stalledTop,
      values: stalled,
    },
  ];
}

function marks({ clock }: Page, { samples, ended, limitChanges, live, queued }: JobDetail): Mark[] {
  const startedMs = ended?.startedMs ?? live?.startedMs ?? null;
  const [firstMs, lastMs] = [samples[0]!.atMs, samples.at(-1)!.atMs];
  const clamp = (ms: number) => Math.min(lastMs, Math.max(firstMs, ms));
  const found: Mark[] = limitChanges.map(({ atMs, key, value }) => ({
    ...{ atMs: clamp(atMs), icon: "clock", tone: "quiet" } as const,
    text: `${key} ${limitWord(key, value)}`,
  }));
  if (startedMs !== null && queued === null) {
    found.unshift({ atMs: clamp(startedMs), icon: "half", tone: "quiet", text: "started" });
  }
  if (ended !== null) {
    const { icon, tone } = lookOfEnd(ended.reason, ended.exitCode);
    const text = `${endWords(ended.reason, ended.exitCode)} ${clock.exact(ended.endedMs)}`;
    found.push({ atMs: lastMs, icon, tone: tone === "ok" ? "quiet" : tone, text });
  }
  return found;
}

function limitWord(key: string, value: number | null): string {
  if (value === null) return "no limit";
  if (/memory|swap/.test(key)) return limitText(value);
  return /time/.test(key) ? duration(value) : coreLimit(value);
}
