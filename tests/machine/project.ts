/** Where things are in the working tree. */
import { join } from "node:path";

export const PROJECT_DIR = join(import.meta.dirname!, "..", "..");
export const CACHE_DIR = join(PROJECT_DIR, ".cache");
export const CORRAL_BINARY = join(PROJECT_DIR, "dist", "corral");
export const NASTY_SOURCE = join(PROJECT_DIR, "tests", "corpus", "nasty.c");
