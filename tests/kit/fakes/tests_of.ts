/** Tests of what stays for the life of a process, as it should in corral's own: signal listeners, timers, the C library. */

/** Registers tests, each with a fixture of its own. Deno's sanitizers are off: they would call what stays a leak. */
export function testsOf<Fixture extends Disposable>(make: () => Fixture) {
  return (name: string, act: (fixture: Fixture) => Promise<void>): void =>
    Deno.test({
      name,
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        using fixture = make();
        await act(fixture);
      },
    });
}
