import { ARGUMENTS, CONTROL, STEPS, WORD } from "./control.ts";
import { TABLE } from "./memory.ts";
import { STEP } from "./split.ts";

/**
 * Looks at shared memory so often (about 100 µs) before it sleeps: a fork-join within that time costs well under
 * a microsecond, a wake-up 5–50. Bounded, since on a busy machine whoever spins keeps others from a core.
 */
export const SPINS = 20_000;

/**
 * The program of a worker, for Node and browsers, as text: the one form that every bundler carries. It does what
 * `Crew.#part` does on the calling thread. Claiming comes before reading: while a claimed part is not done, no next job
 * can be written.
 */
export const workerSource = `
const serve = ({ module, memory, names, thread }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = names.map((name) => exports[name]);
  const I = new Int32Array(memory.buffer, ${CONTROL}, 256);
  const F = new Float64Array(memory.buffer, ${CONTROL}, 256);
  const list = [];
  const part = (index) => {
    const units = I[${WORD.units}], block = I[${WORD.block}], parts = I[${WORD.parts}];
    const blocks = Math.ceil(units / block);
    const low = Math.floor((blocks * index) / parts) * block;
    const high = Math.min(units, Math.floor((blocks * (index + 1)) / parts) * block);
    const count = I[${WORD.arguments}];
    list.length = count;
    let own = 0;
    for (let i = 0; i < count; i++) {
      const value = F[${ARGUMENTS} + i], step = F[${STEPS} + i];
      if (step >= 0) list[i] = value + low * step;
      else if (step === ${STEP.count}) list[i] = high - low;
      else if (step === ${STEP.first}) list[i] = low;
      else if (step === ${STEP.last}) list[i] = high;
      else list[i] = own = value + thread * I[${WORD.scratch}];
    }
    const table = I[${WORD.table}];
    if (table) exports.own_table(own, ${TABLE}, table - 1, I[${WORD.axis}], high - low);
    kernels[I[${WORD.kernel}]](...list);
  };
  Atomics.add(I, ${WORD.ready}, 1);
  Atomics.notify(I, ${WORD.ready});
  let spins = 0;
  while (!I[${WORD.stop}]) {
    const left = Atomics.load(I, ${WORD.unclaimed});
    if (left > 0) {
      spins = 0;
      if (Atomics.compareExchange(I, ${WORD.unclaimed}, left, left - 1) !== left) continue;
      try {
        part(left - 1);
      } catch {
        Atomics.compareExchange(I, ${WORD.trapped}, 0, thread);
      }
      if (Atomics.sub(I, ${WORD.pending}, 1) === 1 && Atomics.load(I, ${WORD.waiting}))
        Atomics.notify(I, ${WORD.pending});
    } else if (++spins > ${SPINS}) {
      spins = 0;
      const sequence = Atomics.load(I, ${WORD.sequence});
      if (Atomics.load(I, ${WORD.unclaimed}) > 0 || Atomics.load(I, ${WORD.stop})) continue;
      Atomics.add(I, ${WORD.sleeping}, 1);
      Atomics.wait(I, ${WORD.sequence}, sequence);
      Atomics.sub(I, ${WORD.sleeping}, 1);
    }
  }
};
const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
if (threads?.workerData) serve(threads.workerData);
else globalThis.onmessage = (event) => { serve(event.data); close(); };
`;
