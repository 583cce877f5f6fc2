/**
 * Lets the binary start in a working directory that has been deleted. The runtime asks for its name before the first line of JavaScript,
 * and ends with "No such file or directory": from a worker whose scratch directory is gone, not even `corral kill` would work.
 *
 * So some 80 bytes of machine code come before the runtime's own entry: when getcwd(2) gives ENOENT, they keep a descriptor of the
 * directory (src/main.ts finds its name by it) and go to /. They lie in the padding before the code segment, which is extended by the page
 * that it shares with them; the file keeps its length, and every other byte.
 *
 * Before them comes what makes arguments UTF-8 (raw_arguments.ts).
 */
import { RAW_ARGUMENTS } from "./raw_arguments.ts";

const PAGE_BYTES = 0x1000n;
const PT_LOAD = 1;
const EXECUTABLE = 1;
const EM_X86_64 = 62;
const HEADER_BYTES = 56;

/** The last instruction jumps to the entry: its operand is at JUMP_AT. */
const CODE = Uint8Array.from([
  [...RAW_ARGUMENTS],
  [0x52], // push rdx: the dynamic loader's word for the program
  [0x48, 0x81, 0xec, 0x08, 0x10, 0x00, 0x00], // sub rsp, 4104
  [0xb8, 0x4f, 0x00, 0x00, 0x00, 0x48, 0x89, 0xe7], // mov eax, SYS_getcwd; mov rdi, rsp
  [0xbe, 0x00, 0x10, 0x00, 0x00, 0x0f, 0x05], // mov esi, 4096; syscall
  [0x48, 0x83, 0xf8, 0xfe, 0x75, 0x23], // cmp rax, -ENOENT; jne to `add rsp`
  [0xb8, 0x02, 0x00, 0x00, 0x00], // mov eax, SYS_open
  [0x48, 0x8d, 0x3d, 0x24, 0x00, 0x00, 0x00], // lea rdi, "."
  [0xbe, 0x00, 0x00, 0x28, 0x00, 0x31, 0xd2], // mov esi, O_PATH | O_CLOEXEC; xor edx, edx
  [0x0f, 0x05], // syscall
  [0xb8, 0x50, 0x00, 0x00, 0x00], // mov eax, SYS_chdir
  [0x48, 0x8d, 0x3d, 0x11, 0x00, 0x00, 0x00], // lea rdi, "/"
  [0x0f, 0x05], // syscall
  [0x48, 0x81, 0xc4, 0x08, 0x10, 0x00, 0x00, 0x5a], // add rsp, 4104; pop rdx
  [0xe9, 0x00, 0x00, 0x00, 0x00], // jmp to the runtime's entry
  [0x2e, 0x00, 0x2f, 0x00], // "." and "/"
].flat());
const JUMP_AT = RAW_ARGUMENTS.length + 73;

/** Puts it into the ELF file. False where there is no room for it or the machine is another: the binary works, but not there. */
export function startAnywhere(path: string): boolean {
  using file = Deno.openSync(path, { read: true, write: true });
  const head = read(file, 0, Number(PAGE_BYTES));
  const view = new DataView(head.buffer);
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint16(18, true) !== EM_X86_64) return false;
  const entry = view.getBigUint64(24, true);
  const at = Number(view.getBigUint64(32, true));
  const loads = Array.from({ length: view.getUint16(56, true) }, (_, index) => at + index * HEADER_BYTES)
    .filter((header) => view.getUint32(header, true) === PT_LOAD);
  const index = loads.findIndex((header) => (view.getUint32(header + 4, true) & EXECUTABLE) !== 0);
  if (index < 1) return false;
  const field = (header: number, offset: number) => view.getBigUint64(header + offset, true);
  const [before, code] = [loads[index - 1]!, loads[index]!];
  const [offset, address] = [field(code, 8), field(code, 16)];
  const usedInFile = field(before, 8) + field(before, 32);
  const usedInMemory = field(before, 16) + field(before, 40);
  const place = offset - BigInt(CODE.length);
  const hasRoom = offset % PAGE_BYTES === 0n && address % PAGE_BYTES === 0n && usedInFile <= place &&
    usedInMemory <= address - PAGE_BYTES &&
    read(file, Number(place), CODE.length).every((byte) => byte === 0);
  if (!hasRoom) return false;

  const placed = CODE.slice();
  const start = address - BigInt(CODE.length);
  new DataView(placed.buffer).setInt32(JUMP_AT, Number(entry - (start + BigInt(JUMP_AT) + 4n)), true);
  view.setBigUint64(24, start, true);
  for (
    const [at, change] of [[8, -PAGE_BYTES], [16, -PAGE_BYTES], [24, -PAGE_BYTES], [32, PAGE_BYTES], [
      40,
      PAGE_BYTES,
    ]] as const
  ) {
    view.setBigUint64(code + at, field(code, at) + change, true);
  }
  write(file, Number(place), placed);
  write(file, 0, head);
  return true;
}

function read(file: Deno.FsFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const count = file.readSync(bytes.subarray(done));
    if (count === null) break;
    done += count;
  }
  return bytes;
}

function write(file: Deno.FsFile, offset: number, bytes: Uint8Array): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}
