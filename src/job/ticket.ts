/** What any corral needs to start a detached job that waits in the queue: how its caller called. */
export interface Ticket {
  /** The arguments of corral. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly umask: number;
}
