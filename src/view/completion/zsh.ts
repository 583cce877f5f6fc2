/** The zsh completion. */
import type { ArgumentForm, OptionForm, ProgramForm, ValueForm, VerbForm } from "../command_tree.ts";
import { LIVE_JOBS_COMMANDS } from "./job_ids.ts";
import { launches, valueKind } from "./value_kind.ts";

/** A script to be sourced, or to lie in zsh's fpath as `_corral`. */
export function zshCompletion(program: ProgramForm): string {
  const { name, options, verbs } = program;
  return `#compdef ${name}
# zsh completion of ${name}
${Object.entries(LIVE_JOBS_COMMANDS).map(liveJobs).join("\n")}
_corral_verbs() {
  local -a verbs
  verbs=(
${verbs.map((verb) => `    ${quote(`${colons(verb.name)}:${verb.summary}`)}`).join("\n")}
  )
  _describe command verbs
}
_corral() {
  local curcontext=$curcontext state line ret=1
  typeset -A opt_args
  _arguments -C -S \\
${
    options.map((option) => `    ${optionSpec(option)} \\\n`).join("")
  }    '1: :_corral_verbs' '*:: :->verb' && ret=0
  [[ $state == verb ]] || return ret
  case $words[1] in
${verbs.map(verbCase).join("\n")}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _corral "$@"; else compdef _corral ${name}; fi
`;
}

function liveJobs([kind, command]: [string, string]): string {
  return `_corral_${kind}s() {
  local -a found
  found=(\${(f)"$(${command})"})
  compadd -a found
}`;
}

function verbCase(verb: VerbForm): string {
  const args = launches(verb)
    ? [`'(-)1: :_command_names -e'`, `'*:: :_normal'`]
    : verb.arguments.map(argumentSpec);
  const specs = [...verb.options.map(optionSpec), ...args];
  return `    ${verb.name})\n      _arguments -S \\\n        ${specs.join(" \\\n        ")}\n      ;;`;
}

/** Every option may come again: which of them corral refuses twice is not known here. */
function optionSpec({ short, long, value, description }: OptionForm): string {
  const text = quote(`[${brackets(description)}]${value === null ? "" : message(value)}`);
  const words = value === null ? [short, long] : [short === null ? null : `${short}+`, `${long}=`];
  const spelled = words.filter((word) => word !== null);
  return `'*'${spelled.length === 1 ? spelled[0] : `{${spelled.join(",")}}`}${text}`;
}

function argumentSpec(argument: ArgumentForm, index: number): string {
  return quote(`${argument.variadic ? "*" : index + 1}${message(argument)}`);
}

function message(value: ValueForm): string {
  return `:${colons(value.name)}:${action(value)}`;
}

function action(value: ValueForm): string {
  const kind = valueKind(value);
  switch (kind.kind) {
    case "list":
      return `{_values -s , ${value.name.replace(/[^A-Z]/g, "")} ${kind.words.join(" ")}}`;
    case "words":
      return `(${kind.words.join(" ")})`;
    case "file":
      return "_files";
    case "directory":
      return "_files -/";
    case "user":
      return "_users";
    case "job":
    case "name":
    case "ref":
      return `_corral_${kind.kind}s`;
    case "command":
      return "_command_names -e";
    case "other":
      return " ";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function colons(text: string): string {
  return text.replace(/[\\:]/g, "\\$&");
}

/** In an explanation, brackets end it, and zsh wants colons escaped there as well. */
function brackets(text: string): string {
  return text.replace(/[\\:[\]]/g, "\\$&");
}
