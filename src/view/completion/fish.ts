/** The fish completion, for fish 3. */
import type { ArgumentForm, OptionForm, ProgramForm, ValueForm, VerbForm } from "../command_tree.ts";
import { LIVE_JOBS_COMMANDS } from "./job_ids.ts";
import { launches, valueKind } from "./value_kind.ts";

/** A script to be sourced, or to lie among fish's completions as `corral.fish`. */
export function fishCompletion(program: ProgramForm): string {
  const { name, options, verbs } = program;
  const lines = [
    `complete -c ${name} -f`,
    ...options.map((option) => optionLine(name, "", option)),
    ...verbs.map((verb) => offer(name, "", `${verb.name} -d ${quote(verb.summary)}`)),
    ...verbs.flatMap((verb) => verb.options.map((option) => optionLine(name, verb.name, option))),
    ...verbs.flatMap((verb) => argumentLines(name, verb)),
  ];
  return `# fish completion of ${name}
${functions(program)}
${lines.join("\n")}
`;
}

/** `__corral_read` reads the words before the cursor as corral does: prints the verb and, once there is one, the launched command. */
function functions({ options, verbs }: ProgramForm): string {
  const launching = verbs.filter(launches);
  const valued = [{ name: "", options }, ...launching].flatMap((scope) =>
    scope.options.filter(({ value }) => value !== null).flatMap(({ short, long }) =>
      [short, long].filter((word) => word !== null).map((word) => quote(`${scope.name} ${word}`))
    )
  );
  const cases = (pattern: string) => launching.map(({ name }) => quote(`${name} ${pattern}`)).join(" ");
  return `function __corral_read
    set -l verb
    set -l words (commandline -opc)[2..]
    while set -q words[1]
        switch "$verb $words[1]"
            case ${valued.join(" ")}
                set words $words[2..]
            case ${cases("--")}
                set words $words[2..]
                break
            case '* -*'
            case ' *'
                set verb $words[1]
            case ${cases("*")}
                break
        end
        set words $words[2..]
    end
    printf '%s\\n' "$verb" $words
end
function __corral_in
    set -l read (__corral_read)
    test "$read[1]" = "$argv[1]"; and not set -q read[2]
end
function __corral_launches
    set -l read (__corral_read)
    test "$read[1]" = "$argv[1]"
end
function __corral_command
    set -l command (__corral_read)[2..]
    # Every command there is, or an option of corral's own: nothing to ask fish for.
    set -q command[1]; or string match -q -r -- '^[^-]' (commandline -ct); or return
    set -l line (string join ' ' -- (string escape -- $command) (commandline -ct))
    complete -C"$line"
end
function __corral_jobs
    ${LIVE_JOBS_COMMANDS.job}
end
function __corral_names
    ${LIVE_JOBS_COMMANDS.name}
end
function __corral_refs
    ${LIVE_JOBS_COMMANDS.ref}
end
function __corral_list
    set -l before (commandline -ct | string replace -r -- '^--[a-z-]+=' '' | string match -r -- '^.*,')
    printf '%s\\n' "$before"$argv
end`;
}

function optionLine(name: string, verb: string, option: OptionForm): string {
  const short = option.short === null ? "" : ` -s ${option.short.slice(1)}`;
  const value = option.value === null ? "" : ` ${valueWords(option.value)}`;
  return `complete -c ${name} -n ${quote(`__corral_in ${quote(verb)}`)}${short} -l ${
    option.long.slice(2)
  } -d ${quote(option.description)}${value}`;
}

function argumentLines(name: string, verb: VerbForm): string[] {
  if (launches(verb)) {
    return [`complete -c ${name} -n ${quote(`__corral_launches ${verb.name}`)} -a '(__corral_command)'`];
  }
  return verb.arguments.flatMap((argument: ArgumentForm) => {
    const words = candidates(argument);
    return words === null ? [] : [offer(name, verb.name, quote(words))];
  });
}

function offer(name: string, verb: string, words: string): string {
  return `complete -c ${name} -n ${quote(`__corral_in ${quote(verb)}`)} -a ${words}`;
}

function valueWords(value: ValueForm): string {
  if (valueKind(value).kind === "file") return "-r -F";
  const words = candidates(value);
  return words === null ? "-x" : `-x -a ${quote(words)}`;
}

/** What is put in for `-a`; null where fish has nothing to offer. */
function candidates(value: ValueForm): string | null {
  const kind = valueKind(value);
  switch (kind.kind) {
    case "words":
      return kind.words.join(" ");
    case "list":
      return `(__corral_list ${kind.words.join(" ")})`;
    case "directory":
      return "(__fish_complete_directories (commandline -ct))";
    case "user":
      return "(__fish_complete_users)";
    case "job":
      return "(__corral_jobs)";
    case "name":
      return "(__corral_names)";
    case "ref":
      return "(__corral_refs)";
    default:
      return null;
  }
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
