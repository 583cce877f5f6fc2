/** The bash completion. It needs bash 4 and not the package bash-completion, but goes on with that for the command of `corral run`. */
import type { OptionForm, ProgramForm, VerbForm } from "../command_tree.ts";
import { LIVE_JOBS_COMMANDS } from "./job_ids.ts";
import { launches, type ValueKind, valueKind } from "./value_kind.ts";

/** The words before the one under the cursor, read as corral reads them: verb, option that waits for its value, arguments so far. */
const READ_WORDS = `
  local cur=\${COMP_WORDS[COMP_CWORD]} verb= option= word i arguments=0 launch=0
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $option ]]; then
      # --name=value is three words to bash
      [[ $word == = ]] || option=
      continue
    fi
    _corral_takes_value "$verb $word" && option=$word && continue
    if [[ $verb == @(LAUNCHING) && ( $word != -* || $word == -- ) ]]; then
      launch=$i
      [[ $word == -- ]] && launch=$((i + 1))
      break
    fi
    case $word in
      -*) ;;
      *) if [[ -z $verb ]]; then verb=$word; else arguments=$((arguments + 1)); fi ;;
    esac
  done
  [[ $cur == = ]] && cur=
  if ((launch > 0)); then
    if ((COMP_CWORD == launch)); then _corral_command
    elif declare -F _command_offset >/dev/null; then _command_offset "$launch"
    else _corral_file
    fi
    return
  fi`;

const VALUES = `
_corral_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
_corral_names() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}
_corral_file() { _corral_names -f; }
_corral_directory() { _corral_names -d; }
_corral_command() { mapfile -t COMPREPLY < <(compgen -c -- "$cur" | sort -u); }
_corral_user() { _corral_words "$(compgen -u)"; }
_corral_job() { _corral_words "$(${LIVE_JOBS_COMMANDS.job})"; }
_corral_name() { _corral_words "$(${LIVE_JOBS_COMMANDS.name})"; }
_corral_ref() { _corral_words "$(${LIVE_JOBS_COMMANDS.ref})"; }
_corral_list() {
  local before=
  [[ $cur == *,* ]] && before=\${cur%,*},
  compopt -o nospace 2>/dev/null
  COMPREPLY=($(compgen -P "$before" -W "$1" -- "\${cur##*,}"))
}`;

/** A script to be sourced, or to lie among bash's completions as \`corral\`. */
export function bashCompletion(program: ProgramForm): string {
  const scopes = [{ name: "", options: program.options }, ...program.verbs];
  const launching = program.verbs.filter(launches).map(({ name }) => name).join("|");
  return `# bash completion of ${program.name}
${VALUES}
_corral_takes_value() {
  case $1 in
${scopes.flatMap(takingValues).join("\n")}
    *) return 1 ;;
  esac
}
_corral() {${READ_WORDS.replace("LAUNCHING", () => launching)}
  case "$verb $option" in
${scopes.flatMap(({ name, options }) => options.flatMap((option) => valueCase(name, option))).join("\n")}
  esac
  [[ -n $option ]] && return
  if [[ $cur == -* ]]; then
    case $verb in
${scopes.map(optionsCase).join("\n")}
    esac
    return
  fi
  case "$verb $arguments" in
    ' 0') _corral_words '${program.verbs.map(({ name }) => name).join(" ")}' ;;
${program.verbs.flatMap(argumentCases).join("\n")}
  esac
}
complete -F _corral ${program.name}
`;
}

type Scope = Pick<VerbForm, "name" | "options">;

function spellings({ short, long }: OptionForm): string[] {
  return short === null ? [long] : [short, long];
}

function takingValues({ name, options }: Scope): string[] {
  const patterns = options.filter(({ value }) => value !== null).flatMap(spellings)
    .map((word) => `'${name} ${word}'`);
  return patterns.length === 0 ? [] : [`    ${patterns.join("|")}) ;;`];
}

function valueCase(verb: string, option: OptionForm): string[] {
  if (option.value === null) return [];
  const call = callFor(valueKind(option.value));
  const patterns = spellings(option).map((word) => `'${verb} ${word}'`).join("|");
  return call === null ? [] : [`    ${patterns}) ${call} ;;`];
}

function optionsCase({ name, options }: Scope): string {
  return `      '${name}') _corral_words '${options.flatMap(spellings).join(" ")}' ;;`;
}

/** For each place; the last argument of a verb that takes many is there for all that follow. */
function argumentCases(verb: VerbForm): string[] {
  return verb.arguments.flatMap((argument, index) => {
    const call = callFor(valueKind(argument));
    const place = argument.variadic ? `'${verb.name} '*` : `'${verb.name} ${index}'`;
    return call === null ? [] : [`    ${place}) ${call} ;;`];
  });
}

function callFor(kind: ValueKind): string | null {
  if (kind.kind === "list") return `_corral_list '${kind.words.join(" ")}'`;
  if (kind.kind === "words") return `_corral_words '${kind.words.join(" ")}'`;
  return kind.kind === "other" ? null : `_corral_${kind.kind}`;
}
