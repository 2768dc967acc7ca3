import type { Backend } from "@muladd/tensor";
import { failureOf } from "./failures.ts";
import {
  type BackendChoice,
  type BackendName,
  type Ladder,
  type Opened,
  openRung,
  type Rung,
} from "./ladder.ts";

const TITLES = { wasm: "WASM", webgpu: "WebGPU", reference: "plain TypeScript" } as const;

/** The ladder as it stands in this page: what was tried, and the backend in use. A rung that fails is noted, and the next tried. */
export class Rungs {
  #rungs: readonly Rung[] = [];
  #backend: Backend | undefined;
  #choice: BackendChoice | undefined;
  #climbing: Promise<void> | undefined;
  /** Whether a person chose; nothing is then changed unasked. */
  byHand = false;

  get choice(): BackendChoice | undefined {
    return this.#choice;
  }

  /** Throws before {@link climb}. */
  get backend(): Backend {
    if (!this.#backend) throw new Error("no backend is open yet");
    return this.#backend;
  }

  get ladder(): Ladder {
    return { rungs: this.#rungs, choice: this.#choice! };
  }

  /** Opens what runs at once: WASM; plain TypeScript where there is none. Does nothing the second time. */
  climb(): Promise<void> {
    this.#climbing ??= this.fall(["wasm", "reference"]);
    return this.#climbing;
  }

  /** Takes the first of `names` that opens; `why` comes before its reason. Throws when none does. */
  async fall(names: readonly BackendName[], why?: string): Promise<void> {
    for (const name of names) {
      try {
        const opened = await openRung(name);
        const refused = this.#rungs.find((r) => r.refusal && names.includes(r.name));
        const passed = refused && `${refused.title} cannot be used: ${refused.refusal!.message}`;
        const ready = "ready at once, and proven against plain TypeScript";
        this.take(name, opened, [why, passed].filter(Boolean).join("; ") || ready);
        return;
      } catch (error) {
        this.note({ name, title: TITLES[name], refusal: failureOf(error) });
      }
    }
    throw new Error("this browser can run none of muladd's backends; use a newer one");
  }

  /** Makes an opened backend the one in use. The one before stays open: its owner frees what is on it, and then it. */
  take(name: BackendName, { backend, title }: Opened, reason: string): void {
    this.#backend = backend;
    this.#choice = { name, title, reason };
    this.note({ name, title });
  }

  /** Says anew why the backend in use is. */
  explain(reason: string): void {
    this.#choice = { ...this.#choice!, reason };
  }

  /** Notes what was learned of a rung, in place of what was known. */
  note(rung: Rung): void {
    this.#rungs = [...this.#rungs.filter((r) => r.name !== rung.name), rung];
  }
}
