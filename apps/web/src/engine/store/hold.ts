/** Ends a hold on a run. */
export type Release = () => void;

const lockName = (run: string) => `muladd run ${run}`;

/** Holds a run for this page alone; `undefined` when another tab holds it. Where there are no locks, nobody does. */
export function hold(run: string): Promise<Release | undefined> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    locks
      .request(lockName(run), { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(undefined);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(() => resolve(() => {})); // forbidden in this kind of frame
  });
}

/** Names of the runs, of those given, that some tab holds. */
export async function held(runs: readonly string[]): Promise<Set<string>> {
  const state = await globalThis.navigator?.locks?.query().catch(() => undefined);
  const names = new Set(state?.held?.map(({ name }) => name));
  return new Set(runs.filter((run) => names.has(lockName(run))));
}
