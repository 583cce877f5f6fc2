/** The node's time zone as the C library has it: TZ as a name, a rule or a file, else /etc/localtime, which may have no name. */
import type { Zone } from "../value/local_time.ts";
import { moreOfLibc } from "./libc.ts";

const LOCALTIME = {
  tzset: { parameters: [], result: "void" },
  localtime_r: { parameters: ["buffer", "buffer"], result: "pointer" },
} as const;
/** struct tm of glibc on 64 bits: nine ints, then tm_gmtoff, a long in seconds, and a pointer. */
const TM_BYTES = 56;
const GMTOFF_OFFSET = 40;

const seconds = new BigInt64Array(1);
const tm = new Uint8Array(TM_BYTES);
const fields = new DataView(tm.buffer);
let isSet = false;

/** As localtime_r(3); null where there is no such library, or a moment that it has no year for. */
function offsetMs(ms: number): number | null {
  try {
    const libc = moreOfLibc(LOCALTIME);
    if (!isSet) libc.tzset();
    isSet = true;
    seconds[0] = BigInt(Math.floor(ms / 1000));
    if (libc.localtime_r(new Uint8Array(seconds.buffer), tm) === null) return null;
    return Number(fields.getBigInt64(GMTOFF_OFFSET, true)) * 1000;
  } catch {
    return null;
  }
}

/** The zone of this process; UTC where it is not known. */
export const libcZone: Zone = (ms) => offsetMs(ms) ?? 0;
