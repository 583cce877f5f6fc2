/** What `corral serve` costs with no page open, with 5 and with 100: share of one core, and memory, on this machine. */
import { poll } from "../../src/base/poll.ts";
import { type Aim, figure, printTable } from "./bench.ts";

const PAGES = [0, 5, 100];
const MEASURED_MS = 30_000;
const START_CAP_MS = 20_000;
const AIM_PERCENT = 5;
const AIM_MB = 150;
const TICKS_PER_SEC = 100;
const BYTES_PER_MB = 1_000_000;
const BYTES_PER_KIB = 1024;

interface Row {
  pages: number;
  percent: number;
  memoryMb: number;
}

/** `corral` is the built binary. */
export async function benchServe(corral: string): Promise<Aim[]> {
  const directory = await Deno.makeTempDir({ prefix: "corral-bench-serve-" });
  const socket = `${directory}/run/serve.sock`;
  const words = ["--state-dir", directory, "serve", "--socket", socket];
  const server = new Deno.Command(corral, { args: words, stdout: "null" }).spawn();
  try {
    if (!await poll(() => isThere(`${socket}.token`), START_CAP_MS)) {
      throw new Error("The server did not start");
    }
    const token = (await Deno.readTextFile(`${socket}.token`)).trim();
    const rows: Row[] = [];
    for (const pages of PAGES) rows.push(await measurePages(server.pid, pages, { socket, token }));
    console.log(`serve: pages open, with its sweep, ${MEASURED_MS / 1000} s each`);
    await printTable(
      ["pages", "% of a core", "resident MB"],
      rows.map(({ pages, percent, memoryMb }) => [String(pages), figure(percent), figure(memoryMb)]),
    );
    const most = rows.at(-1)!;
    const more = most.percent - rows[0]!.percent;
    return [
      {
        what: `serve: ${most.pages} open pages cost less than ${AIM_PERCENT} % of a core: ${figure(more)} %`,
        met: more < AIM_PERCENT,
      },
      {
        what: `serve with them under ${AIM_MB} MB: ${figure(most.memoryMb)} MB`,
        met: most.memoryMb < AIM_MB,
      },
    ];
  } finally {
    server.kill("SIGTERM");
    await server.status;
    await Deno.remove(directory, { recursive: true });
  }
}

async function measurePages(
  pid: number,
  pages: number,
  { socket, token }: { socket: string; token: string },
): Promise<Row> {
  const open = await Promise.all(Array.from({ length: pages }, () => openPage(socket, token)));
  const [before, startMs] = [cpuSeconds(pid), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, MEASURED_MS));
  const seconds = (performance.now() - startMs) / 1000;
  const row = { pages, percent: (cpuSeconds(pid) - before) / seconds * 100, memoryMb: residentMb(pid) };
  for (const page of open) page.close();
  return row;
}

/** A page that reads all it is sent. */
async function openPage(path: string, token: string): Promise<Deno.Conn> {
  const page = await Deno.connect({ transport: "unix", path });
  const head = [
    ...[
      "GET /api/feed HTTP/1.1",
      "Host: localhost",
      "Origin: http://localhost",
      `Authorization: Bearer ${token}`,
    ],
    ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
    ...["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""],
  ];
  await page.write(new TextEncoder().encode(head.join("\r\n")));
  void drain(page);
  return page;
}

async function drain(page: Deno.Conn): Promise<void> {
  const piece = new Uint8Array(65_536);
  try {
    while (await page.read(piece) !== null);
  } catch {
    // Closed at the end of its measurement.
  }
}

/** User and system time, of /proc/PID/stat. */
function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC;
}

function residentMb(pid: number): number {
  const [, kib = "0"] = /^VmRSS:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return Number(kib) * BYTES_PER_KIB / BYTES_PER_MB;
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
