/** Runs a tool; gives what it printed. Throws with its words when it fails or is not there. */
export async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], env: { ...env, LC_ALL: "C", TZ: "UTC" } });
  const { success, stdout, stderr } = await command.output().catch((error) => {
    if (error instanceof Deno.errors.NotFound) {
      throw new Error(`${program} is missing: apt-get install dpkg rpm`);
    }
    throw error;
  });
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
