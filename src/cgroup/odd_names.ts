/**
 * Cgroups whose names are no UTF-8. The runtime (2.7.11) leaves such names out of a listing, and could not open them; a job can make one all
 * the same. A shell takes names as they are, and goes down step by step.
 */
import { CLEAN_ENVIRONMENT } from "../linux/apart.ts";
import { toolPath } from "../linux/command_lookup.ts";

/** True when so many cgroups are all that the kernel counts below one, in the text of its cgroup.stat. Pure. */
export function areAll(listed: number, stat: string | null): boolean {
  return Number(/^nr_descendants (\d+)$/m.exec(stat ?? "")?.[1] ?? 0) <= listed;
}

/** Removes all cgroups below the directory, children first; what is still busy stays. */
export function removeBelow(directory: string): void {
  walk(directory, { before: ":", after: 'rmdir "./$d"' });
}

/** Pids in the cgroups below the directory. */
export function pidsBelow(directory: string): number[] {
  const text = walk(directory, { before: "while read -r pid; do echo $pid; done <cgroup.procs", after: ":" });
  return text.split("\n").filter((line) => /^\d+$/.test(line)).map(Number);
}

/**
 * What it prints; nothing where no process can be had, or the directory is gone: the kernel kills a cgroup with all below it, whatever their
 * names. `before` is done in each directory, `after` in the one above it, of which $d is the name.
 */
function walk(directory: string, { before, after }: { before: string; after: string }): string {
  const script =
    `walk() { for d in */ .[!.]*/ ..?*/; do [ -d "./$d" ] || continue; (cd "./$d" && { ${before}; walk; }); ${after}; done; }; walk`;
  const options = { cwd: directory, clearEnv: true, env: CLEAN_ENVIRONMENT } as const;
  try {
    const shell = new Deno.Command(toolPath("sh"), { args: ["-c", script], ...options, stderr: "null" });
    return new TextDecoder().decode(shell.outputSync().stdout);
  } catch {
    return "";
  }
}
