/** First words by which corral calls itself, apart from the modules that answer: those are loaded when the word is there. */

/** Rows of a user's store, for root (store/shared_rows.ts). */
export const SHARED_ROWS = "shared-rows";
/** Reads and writes a store whose file system may not answer (store/served_store.ts). */
export const SERVE_STORE = "_store";
/** Copies the output of a job (linux/copied_output.ts). */
export const COPY_OUTPUT = "_output";
