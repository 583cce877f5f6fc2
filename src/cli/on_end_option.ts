import { Option } from "@commander-js/extra-typings";
import { parserFor } from "../base/errors.ts";
import { parseShellLine } from "../value/name.ts";

/** `--on-end`: see act/end/on_end.ts. */
export function onEndOption() {
  return new Option(
    "--on-end <CMD>",
    "when the job has ended, sh -c CMD as the job's user, with CORRAL_JOB_ID, CORRAL_REASON, CORRAL_EXIT_CODE and CORRAL_RECEIPT, once and for 30 s at most; its failure changes nothing",
  ).argParser(parserFor("--on-end", parseShellLine));
}
