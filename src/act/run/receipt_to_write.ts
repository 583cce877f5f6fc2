/** What a run holds of its receipt, wherever that goes. */
import type { ReceiptPlace } from "../../job/receipt_place.ts";

/** A receipt that can be written; it is written once. */
export interface Receipt {
  /** A disk that is full by then is reported; it must not take the job's exit code away. */
  write(text: string): void | Promise<void>;
  /** Recorded for the guard and the sweep. */
  place: ReceiptPlace;
}
