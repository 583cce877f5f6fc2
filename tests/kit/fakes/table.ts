/** Reads what corral prints as a table back, as a person would: by the places of the titles. */

/** The cells of each row by title. Works for tables whose cells hold no two spaces in a row. */
export function tableRows(text: string): Record<string, string>[] {
  const [titles = [], ...rows] = text.trimEnd().split("\n").map((line) => line.trim().split(/ {2,}/));
  return rows.map((cells) => Object.fromEntries(titles.map((title, index) => [title, cells[index] ?? ""])));
}

/** Heading, rows and last line of a report. */
export function reportRows(text: string): { heading: string; rows: Record<string, string>[]; total: string } {
  const lines = text.trimEnd().split("\n");
  return { heading: lines[0]!, rows: tableRows(lines.slice(1, -1).join("\n")), total: lines.at(-1) ?? "" };
}

/** RFC 4180, as python3's csv module reads it: each line by the titles of the first. */
export async function readCsv(text: string): Promise<Record<string, string>[]> {
  return (await readCsvs([text]))[0]!;
}

/** Several texts, each as `readCsv` reads it, by one process. */
export async function readCsvs(texts: readonly string[]): Promise<Record<string, string>[][]> {
  const script = "import csv, io, json, sys; texts = json.load(sys.stdin.buffer); " +
    "print(json.dumps([list(csv.DictReader(io.StringIO(text, newline=''), strict=True)) for text in texts]))";
  const child = new Deno.Command("python3", {
    args: ["-c", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(texts)));
  await writer.close();
  const { stdout, stderr, success } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
