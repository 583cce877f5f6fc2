import { Option } from "@commander-js/extra-typings";
import { parserFor, UsageError } from "../base/errors.ts";
import { parseSizeBytes } from "../value/size.ts";

/** `--output-max`: see linux/bounded_output.ts. */
export function outputMaxOption() {
  return new Option(
    "--output-max <SIZE>",
    "with --detach: write at most SIZE of stdout and stderr; the rest is dropped, and the job runs on",
  ).argParser(parserFor("--output-max", parseSizeBytes));
}

/** Throws UsageError where corral has no output to bound. */
export function refuseOutputMax({ detach, isForAnother }: { detach: boolean; isForAnother: boolean }): void {
  if (!detach) {
    throw new UsageError(
      "--output-max goes with --detach: otherwise the output is the caller's, and not in corral's hands",
    );
  }
  if (isForAnother) {
    throw new UsageError(
      "--output-max does not go with --user: the file is written by the job itself, as that user",
    );
  }
}
