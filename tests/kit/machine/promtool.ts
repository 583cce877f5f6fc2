/** Prometheus' own judge of what it is given, from Debian's package `prometheus`. */
import { isInstalled } from "./command.ts";

const isThere = isInstalled("promtool");

/** A test that needs it says why it is left out. */
export const PROMTOOL = {
  isThere,
  note: isThere ? "" : " (promtool of the package prometheus is missing)",
} as const;

/** Its exit code and all that it prints. */
export async function promtool(args: string[], stdin = ""): Promise<{ code: number; said: string }> {
  const child = new Deno.Command("promtool", { args, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  const written = writer.write(new TextEncoder().encode(stdin)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await written;
  return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
