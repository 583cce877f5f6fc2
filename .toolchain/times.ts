/** The binary carries the times of its files: without them, the same commit gives the same bytes. */
export async function forgetTimes(directory: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) await forgetTimes(path);
    else await Deno.utime(path, 0, 0);
  }
}
