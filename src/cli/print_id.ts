/** The id of a job that runs on by itself, for the caller of `run --detach` and `adopt`. */
import type { Context } from "./context.ts";

/** The job runs whether or not its id can be printed (a full disk): the caller gets the id as a warning then. */
export function printId({ stdout, say }: Pick<Context, "stdout" | "say">, id: string, text = id): void {
  try {
    stdout.write(`${text}\n`);
  } catch (error) {
    say(`warning: cannot print the id: ${(error as Error).message}; job ${id} runs`);
  }
}
