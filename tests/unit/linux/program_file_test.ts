import assert from "node:assert/strict";
import { EXIT } from "../../../src/base/errors.ts";
import { whyUnrunnable } from "../../../src/linux/program_file.ts";
import { TempDir } from "../../kit/fakes/temp.ts";

/** libc is opened once for all. */
const LIBRARY_STAYS = { sanitizeResources: false };

const { NOT_FOUND, NOT_EXECUTABLE } = EXIT;

/** What is wrong with a program of this text. */
function why(temp: TempDir, text: string | Uint8Array, { formats = false } = {}) {
  const file = `${temp.path}/program`;
  Deno.writeFileSync(file, typeof text === "string" ? new TextEncoder().encode(text) : text, { mode: 0o755 });
  return whyUnrunnable(file, {
    cwd: temp.path,
    lookUp: (command) =>
      command === "python3" ? { found: "/bin/sh" } : { exitCode: NOT_FOUND, because: "not found in PATH" },
    isLocal: () => true,
    hasMoreFormats: () => formats,
  });
}

Deno.test("whyUnrunnable() names the interpreter that is not there, or is none", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  temp.write("plain", "");
  for (
    const [text, exitCode, because] of [
      ["#!/no/such -e\necho", NOT_FOUND, /^its interpreter "\/no\/such" does not exist$/],
      ["#! \t/no/such", NOT_FOUND, /does not exist$/],
      ["#!/etc\n", NOT_EXECUTABLE, /is not a file$/],
      ["#!plain\n", NOT_EXECUTABLE, /"plain" is not executable$/],
      ["#!/bin/sh\r\necho\r\n", NOT_FOUND, /"\/bin\/sh\\r": the lines end with CR LF/],
      ["#!/usr/bin/env python3\r\n", NOT_FOUND, /"python3\\r": the lines end with CR LF/],
      ["#!/usr/bin/env no-such\n", NOT_FOUND, /^its interpreter "no-such": not found in PATH$/],
      ["#!program\n", NOT_EXECUTABLE, /^too many levels/],
    ] as const
  ) {
    const found = why(temp, text);
    assert.equal(found?.exitCode, exitCode, text);
    assert.match(found.because, because);
  }
});

Deno.test("whyUnrunnable() has nothing against what execvp(3) runs", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  const fine = [
    "#!/bin/sh\n",
    "#!/bin/sh",
    "#!/bin/sh -e\r\n",
    "#!/usr/bin/env python3\n",
    "#!/usr/bin/env -S no-such x\n",
    "#!/usr/bin/env A=b no-such\n",
    "echo no first line\n",
    "",
    "#!\n",
    `#!/${"x".repeat(300)}\n`,
    "text\nand \0 a binary part\n",
  ];
  for (const text of fine) assert.equal(why(temp, text), null, text);
  assert.equal(why(temp, Deno.readFileSync("/bin/true")), null);
});

/** A 64-bit little-endian ELF header (elf(5)) for `machine`, with one program header that names a loader. */
function elf(machine: number, loader: string | null): Uint8Array {
  const bytes = new Uint8Array(200);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(18, machine, true);
  if (loader === null) return bytes;
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 3, true);
  view.setBigUint64(64 + 8, 120n, true);
  view.setBigUint64(64 + 32, BigInt(loader.length + 1), true);
  bytes.set(new TextEncoder().encode(`${loader}\0`), 120);
  return bytes;
}

const OWN_MACHINE = Deno.build.arch === "aarch64" ? 183 : 62;

Deno.test("whyUnrunnable() knows the machine and the loader of a binary", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  assert.deepEqual(why(temp, elf(243, null)), {
    exitCode: NOT_EXECUTABLE,
    because: "it is built for another machine: RISC-V (exec format error)",
  });
  assert.deepEqual(why(temp, elf(OWN_MACHINE, "/lib/ld-no-such.so")), {
    exitCode: NOT_FOUND,
    because: 'its loader "/lib/ld-no-such.so" does not exist',
  });
  assert.equal(why(temp, elf(OWN_MACHINE, "/bin/sh")), null);
  assert.equal(why(temp, elf(243, null), { formats: true }), null, "the kernel may have an emulator");
  assert.match(why(temp, "MZ\0\0\x90")!.because, /in no format/);
  assert.equal(why(temp, "MZ\0\0\x90", { formats: true }), null);
});

Deno.test("whyUnrunnable() knows a program that is open for writing", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  const file = temp.write("program", "#!/bin/sh\n");
  Deno.chmodSync(file, 0o755);
  const around = {
    cwd: "/",
    lookUp: () => ({ found: "" }),
    isLocal: () => true,
    hasMoreFormats: () => false,
  };
  {
    using _writer = Deno.openSync(file, { append: true });
    assert.match(whyUnrunnable(file, around)!.because, /open for writing/);
  }
  assert.equal(whyUnrunnable(file, around), null);
});

Deno.test("whyUnrunnable() waits for no writer of a FIFO", LIBRARY_STAYS, async () => {
  using temp = new TempDir();
  const file = `${temp.path}/fifo`;
  assert.ok((await new Deno.Command("mkfifo", { args: ["-m", "755", file] }).output()).success);
  const around = {
    cwd: "/",
    lookUp: () => ({ found: "" }),
    isLocal: () => true,
    hasMoreFormats: () => false,
  };
  assert.match(whyUnrunnable(file, around)!.because, /not a file/);
});

Deno.test("whyUnrunnable() names a binary whose copy was broken off", LIBRARY_STAYS, () => {
  using temp = new TempDir();
  const whole = Deno.readFileSync("/bin/true");
  for (const length of [30, 63, 64, 100, 300]) {
    const found = why(temp, whole.subarray(0, length));
    assert.equal(found?.exitCode, NOT_EXECUTABLE, String(length));
    assert.match(found.because, /^it is cut short: /);
  }
  assert.equal(why(temp, whole), null);
});
