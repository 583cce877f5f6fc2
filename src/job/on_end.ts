/** What runs when a job has ended (`--on-end`): recorded, as whatever process records the end runs it. */

/** A command line of sh(1), and the user who runs it: the job's. */
export interface OnEnd {
  command: string;
  uid: number;
  gid: number;
  home: string;
}
