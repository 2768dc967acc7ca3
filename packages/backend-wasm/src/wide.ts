import { features, type Variant } from "./load.ts";
import { answers, difference, race, type Whole } from "./prove.ts";

// The wide module is 128-bit code that V8's revectorizer (Node 24 and later, experimental) compiles to 256-bit
// instructions. It must be asked before the module is compiled, by a flag of the whole process:
// https://chromestatus.com/feature/5183450391969792

const REVECTORIZE = "experimental-wasm-revectorize";
const RELAXED = "experimental-wasm-relaxed-simd";

/** Sets a flag of V8, where there is one to ask. */
function flag(name: string, on = true): void {
  const v8 = globalThis.process?.getBuiltinModule?.("node:v8");
  v8?.setFlagsFromString(`--${on ? "" : "no-"}${name}`);
}

/** Where the engine has relaxed SIMD behind a flag (Node 20), sets it. Call only when the program asked. */
export function allowRelaxed(): void {
  // Engines that have it without know the flag no more, and would complain.
  if (!features().relaxedSimd && features().simd) flag(RELAXED);
}

/** Opens a backend of a variant, for a trial. */
type Open = (variant: Variant) => Promise<Whole & Disposable>;

/** One trial serves all backends of a process: the flag is the process's. */
let verdict: Promise<string | undefined> | undefined;

/**
 * Lets V8 widen, and tries whether that is right and faster here: every kernel that matters against the plain variant, the
 * product's speed against the relaxed one's. Resolves to why not; `undefined` when the wide variant should run. About
 * 0.1 s, once. Call only when the program asked.
 */
export function widen(open: Open): Promise<string | undefined> {
  verdict ??= tryWide(open);
  return verdict;
}

async function tryWide(open: Open): Promise<string | undefined> {
  const engine = globalThis.process?.versions?.v8;
  if (!engine) return "only Node can ask V8 to widen; browsers do not offer it";
  allowRelaxed();
  if (!features().relaxedSimd) return "the engine has no relaxed SIMD";
  // Whether V8 knows a flag cannot be asked; one that does not would complain on stderr.
  if (Number.parseInt(engine, 10) < 12) return `V8 ${engine} has no revectorizer; Node 24 has`;
  // Before the flag is set, and by V8's baseline compiler, which never widens.
  const right = await within(await open("simd"), answers);
  flag(REVECTORIZE);
  // Now every function is optimized when first called: the code that is tried is the code that will run.
  flag("liftoff", false);
  let reason: string | undefined;
  try {
    reason = await within(await open("wide"), async (wide) => {
      const wrong = difference(await answers(wide), right);
      if (wrong) return `${wrong} came out wrong when widened`;
      return within(await open("relaxed"), async (relaxed) => {
        const [ours, theirs] = race(wide, relaxed) as [number, number];
        if (ours < 0.9 * theirs) return undefined;
        const speed = (ms: number) => (2 * 96 * 192 * 192) / ms / 1e6;
        return `no faster here: ${speed(ours).toFixed(0)} against ${speed(theirs).toFixed(0)} GFLOP/s`;
      });
    });
  } finally {
    flag("liftoff");
    if (reason) flag(REVECTORIZE, false);
  }
  return reason;
}

async function within<T extends Disposable, R>(x: T, use: (x: T) => Promise<R>): Promise<R> {
  try {
    return await use(x);
  } finally {
    x[Symbol.dispose]();
  }
}

/**
 * What to call after each kernel of a variant. Widened code leaves the upper halves of vector registers dirty (V8 24.x emits
 * no vzeroupper), and on Intel's machines every older instruction of the runtime, in Math.exp or the garbage collector, then
 * waits for them: 300,000 exponentials took 36 ms instead of 1.7. Node's check for ASCII is a widely vectorized function
 * that clears them on its way out, in 25 ns.
 */
export function afterKernel(variant: Variant): () => void {
  const isAscii = globalThis.process?.getBuiltinModule?.("node:buffer")?.isAscii;
  if (variant !== "wide" || !isAscii) return () => {};
  const bytes = new Uint8Array(64);
  return () => void isAscii(bytes);
}
