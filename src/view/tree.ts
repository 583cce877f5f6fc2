/** Processes as a tree. Pure. */
import { printable, shortened } from "../base/text.ts";

/** One process, as a line of the tree. */
export interface TreeNode {
  pid: number;
  ppid: number;
  /** One letter of /proc/PID/stat. */
  state: string;
  command: string;
}

/** Deeper or longer trees (a fork bomb) are cut with a count of what is left out. */
const MAX_LINES = 200;
const COMMAND_CHARACTERS = 160;
const MAX_INDENT = 30;

/** One line a process, children indented under their parent; a process whose parent is outside is a root. */
export function drawTree(nodes: readonly TreeNode[]): string[] {
  const pids = new Set(nodes.map(({ pid }) => pid));
  const children = Map.groupBy(nodes, ({ pid, ppid }) => pids.has(ppid) && ppid !== pid ? ppid : 0);
  const lines: string[] = [];
  // An explicit stack: a chain of ten thousand processes must not end in a RangeError.
  const stack = (children.get(0) ?? []).map((node) => ({ node, depth: 0 })).reverse();
  while (stack.length > 0 && lines.length < MAX_LINES) {
    const { node, depth } = stack.pop()!;
    lines.push(
      `${"  ".repeat(Math.min(depth, MAX_INDENT))}${node.pid} ${node.state} ${
        shortened(printable(node.command), COMMAND_CHARACTERS)
      }`,
    );
    stack.push(
      ...(children.get(node.pid) ?? []).map((child) => ({ node: child, depth: depth + 1 })).reverse(),
    );
  }
  if (lines.length < nodes.length) lines.push(`… and ${nodes.length - lines.length} more`);
  return lines;
}
