/**
 * The command's environment on its way through the gate. Of what the gate's processes would heed, drop or change nothing has its own name
 * on the way: it is carried as CORRAL_GATE_N and renamed by env(1), in the last step before the command. Values are never in an argument:
 * every user may read those (/proc/PID/cmdline), while an environment is its process's own. env's -S takes them from its environment.
 */
import type { RawVariable } from "./raw_environment.ts";

/** Names that a shell takes over, changes or chokes on, besides all that are no shell names. */
const SHELL_NAMES =
  /^(_|PWD|OLDPWD|SHLVL|IFS|PS1|PS2|PS4|PPID|OPTIND|OPTARG|OPTERR|ENV|LINENO|RANDOM|SECONDS|UID|EUID|GROUPS|SHELLOPTS|BASH.*|POSIXLY_CORRECT|FUNCNEST|MAIL.*|HIST.*|DIRSTACK|HOSTTYPE|MACHTYPE|OSTYPE|CORRAL_GATE_.*)$/;
/** Names that the loader or the C library heeds, of which some change what a program does (ld.so(8), LD_TRACE_LOADED_OBJECTS). */
const LIBRARY_NAMES = /^(LD_.*|GLIBC_TUNABLES|MALLOC_.*|GCONV_PATH|LOCPATH|NLSPATH|GETCONF_DIR)$/;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Variables that /bin/sh may export by itself. */
const MADE_UP = ["PWD", "OLDPWD", "SHLVL", "_"];
/** Of the words in one argument; the kernel takes 128 KiB (MAX_ARG_STRLEN). */
const TEMPLATE_CHARACTERS = 60_000;

/** Three parts that together make the environment. */
export interface CarriedEnvironment {
  /** The environment of the gate's first process. */
  initial: Record<string, string>;
  /** Lines of shell for values that are no strings. */
  script: string;
  /** Options and assignments for env(1), one list for each call of it; the last comes right before the command. */
  envWords: string[][];
  /** The shell's word for the value of a variable on the way; null when there is none. */
  wordFor(name: string): string | null;
}

/** `surroundings`: what the gate itself runs in, when nothing of the command's may be seen under its own name on the way. */
export function carriedEnvironment(
  env: Readonly<Record<string, string>>,
  raw: readonly RawVariable[],
  surroundings: Readonly<Record<string, string>> | null,
): CarriedEnvironment {
  const initial: Record<string, string> = { ...surroundings };
  const carried: [name: string, by: string][] = [];
  const carry = (name: string, value: string): string => {
    const by = `CORRAL_GATE_${carried.length}`;
    carried.push([name, by]);
    initial[by] = value;
    return by;
  };
  for (const [name, value] of Object.entries(env)) {
    if (surroundings === null && staysAsItIs(name)) initial[name] = value;
    else carry(name, value);
  }
  const script = raw.map(({ name, octal }) => decodeLine(carry(name, octal))).join("");
  const unset = [...MADE_UP, ...Object.keys(surroundings ?? {})];
  const wordFor = (wanted: string) => {
    const by = carried.find(([name]) => name === wanted)?.[1] ?? (wanted in initial ? wanted : null);
    return by === null ? null : `$${by}`;
  };
  return { initial, script, envWords: envWords(carried, unset), wordFor };
}

function staysAsItIs(name: string): boolean {
  return PLAIN_NAME.test(name) && !SHELL_NAMES.test(name) && !LIBRARY_NAMES.test(name);
}

/** The `x` keeps newlines at the end, which $(…) would take away. */
function decodeLine(name: string): string {
  return `${name}=$(printf "\${${name}}x"); ${name}=\${${name}%x}; `;
}

/** The words for env(1) that give each variable `name` the value of the variable `by`, and take away the latter and those of `unset`. */
export function envWords(
  carried: readonly [name: string, by: string][],
  unset: readonly string[],
): string[][] {
  const calls: { names: string[]; template: string }[] = [{ names: [...unset], template: "" }];
  for (const [name, by] of carried) {
    if (calls.at(-1)!.template.length > TEMPLATE_CHARACTERS) calls.push({ names: [], template: "" });
    const call = calls.at(-1)!;
    call.names.push(by);
    call.template += ` ${quotedForEnv(`${name}=`)}\${${by}}`;
  }
  // env takes away before it sets, and reads its -S before that.
  return calls.map((
    { names, template },
  ) => [...names.flatMap((name) => ["-u", name]), "-S", `--${template}`]);
}

/** In single quotes env's -S heeds only these two. */
function quotedForEnv(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
