import assert from "node:assert/strict";
import { cleanFileMappings, killByNumber } from "../../../src/linux/libc.ts";
import { NO_PID } from "../../kit/fakes/proc_dir.ts";

/** A mapping as /proc/PID/smaps of Linux 6.18 shows it, without the lines that do not matter. */
function mapping(head: string, dirtyKib = 0, anonymousKib = 0): string {
  return `${head}\nSize:                  8 kB\nPrivate_Clean:         8 kB\nPrivate_Dirty:  ${
    String(dirtyKib).padStart(8)
  } kB\nReferenced:            8 kB\nAnonymous:  ${String(anonymousKib).padStart(12)} kB\nVmFlags: rd mr \n`;
}

const CODE = "7f0000000000-7f0000100000 r-xp 00002000 fe:00 260386                     /usr/bin/corral";

Deno.test("cleanFileMappings() finds read-only pages of files, with start and size", () => {
  assert.deepEqual(cleanFileMappings(mapping(CODE) + mapping(CODE.replace("r-xp", "r--p"))), [
    { start: 0x7f0000000000n, bytes: 0x100000 },
    { start: 0x7f0000000000n, bytes: 0x100000 },
  ]);
});

Deno.test("cleanFileMappings() leaves out whatever could be lost", () => {
  const kept = [
    mapping(CODE.replace("r-xp", "rw-p")),
    mapping(CODE.replace("r-xp", "rwxp")),
    mapping(CODE, 4),
    mapping(CODE, 0, 4),
    mapping("7f0000000000-7f0000100000 r--p 00000000 00:00 0 "),
    mapping("7ffd00000000-7ffd00100000 r--p 00000000 00:00 0                  [vvar]"),
    mapping("7f0000000000-7f0000100000 r--p 00000000 00:00 0                  [anon: x]"),
    CODE,
    "",
  ];
  for (const text of kept) assert.deepEqual(cleanFileMappings(text), [], text);
});

Deno.test("cleanFileMappings() finds this program's own code", () => {
  const found = cleanFileMappings(Deno.readTextFileSync("/proc/self/smaps"));
  assert.ok(found.some(({ bytes }) => bytes > 1_000_000));
});

/** In a process of its own: other tests run in this one. */
Deno.test("releaseIdleMemory() gives back pages and does no harm", async () => {
  const module = new URL("../../../src/linux/libc.ts", import.meta.url).href;
  const script = `import { releaseIdleMemory } from "${module}";
    const before = Deno.memoryUsage().rss;
    releaseIdleMemory("/proc");
    console.log(Deno.memoryUsage().rss < before, JSON.stringify({ still: ["alive", /x/.test("x")] }));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", "--no-check", script] })
    .output();
  assert.equal(new TextDecoder().decode(stdout), 'true {"still":["alive",true]}\n');
});

Deno.test({
  name: "killByNumber() says false when there is nobody",
  // The library stays open for the life of the process.
  sanitizeResources: false,
  fn: () => assert.equal(killByNumber(NO_PID, 34), false),
});
