/** The process that called corral, as far as corral takes over its surroundings. */

/** User, environment, directory and command line. */
export interface Caller {
  env: Record<string, string>;
  cwd: string;
  uid: number;
  userName: string;
  /** The path of this binary and the words after it, to start itself again. */
  self: {
    path: string;
    args: string[];
    /** The variables that lead another corral to the same store and configuration. */
    settingsEnv: Record<string, string>;
  };
}
