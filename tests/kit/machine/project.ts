/** Where things are in the working tree. */
import { join } from "node:path";

export const PROJECT_DIR = join(import.meta.dirname!, "..", "..", "..");
export const CACHE_DIR = join(PROJECT_DIR, ".cache");
export const CORRAL_BINARY = join(PROJECT_DIR, "dist", "corral");
/** As dist/corral, but it dies at the step that it is told (src/base/crash_point.ts). */
export const CRASHING_BINARY = join(PROJECT_DIR, "dist", "corral-crash");
export const NASTY_SOURCE = join(PROJECT_DIR, "tests", "system", "corpus", "nasty.c");
