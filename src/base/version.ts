/** What `corral --version` names. */

export const VERSION = "0.1.0";

/** The commit it was built from, with `-dirty` if the sources differed; "source" when run unbuilt. */
export const COMMIT: string = ((stamp: string) => stamp.startsWith("_") ? "source" : stamp)("__COMMIT__");

/** Of the runtime inside the binary. */
export const DENO_VERSION: string = Deno.version.deno;

/** What `corral --version` and `corral version` print. */
export const VERSION_LINE = `corral ${VERSION} (commit ${COMMIT}, deno ${DENO_VERSION})`;
