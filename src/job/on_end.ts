/** What runs when a job has ended (`--on-end`): recorded, as whatever process records the end runs it. */
import type { UserHome } from "./user_home.ts";

/** A command line of sh(1), and the user who runs it: the job's. */
export interface OnEnd extends UserHome {
  command: string;
}
