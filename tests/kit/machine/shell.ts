/**
 * A test machine to try things on: deno run -A tests/kit/machine/shell.ts nspawn-bookworm [--user NAME] [--login]
 * Each line of standard input is run by /bin/sh in the machine; it ends with the input.
 */
import { parseArgs } from "node:util";
import { bootMachine } from "./catalogue.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { user: { type: "string" }, login: { type: "boolean" } },
});
const machine = await bootMachine(positionals[0] ?? "nspawn-bookworm");
try {
  const options = { ...(values.user ? { user: values.user } : {}), ...(values.login ? { login: true } : {}) };
  console.error(`${machine.name} is up, controllers: ${[...machine.controllers].join(" ") || "none"}`);
  const encoder = new TextEncoder();
  let rest = "";
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const result = await machine.sh(line, options);
      Deno.stdout.writeSync(result.stdoutBytes);
      Deno.stderr.writeSync(
        encoder.encode(result.stderr + (result.code === 0 ? "" : `exit code ${result.code}\n`)),
      );
    }
  }
} finally {
  await machine.stop();
}
