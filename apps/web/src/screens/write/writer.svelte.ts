import { app } from "../../client/app.svelte.ts";
import { EngineError } from "../../client/engine.ts";
import type { WrittenToken } from "../../engine/write.ts";
import { Branches, type Node } from "./branches.ts";

/** How the next token is chosen, as the command's flags have it. */
export interface Sampling {
  greedy: boolean;
  temperature: number;
  /** 0: all. */
  topK: number;
  topP: number;
  minP: number;
  seed: number;
  maxTokens: number;
  cache: boolean;
}

interface Speed {
  readonly tokensPerSecond: number;
  readonly count: number;
}

/** The text being written, its branches, and how fast it goes. Lives as long as the page: leaving the screen loses nothing. */
class Writer {
  prompt = $state("The little dog ");
  sampling = $state<Sampling>({
    greedy: false,
    temperature: 0.8,
    topK: 0,
    topP: 1,
    minP: 0,
    seed: 0,
    maxTokens: 100,
    cache: true,
  });
  /** The way that is shown, and the ends of all branches. */
  path = $state.raw<readonly Node[]>([]);
  ends = $state.raw<readonly Node[]>([]);
  end = $state.raw<Node>();
  /** The text of prompt and path. */
  text = $state("");
  busy = $state(false);
  failure = $state.raw<{ readonly message: string; readonly remedy?: string | undefined }>();
  /** What the last writing said. */
  note = $state("");
  speeds = $state.raw<{ readonly with?: Speed; readonly without?: Speed }>({});
  readonly #tree = new Branches();
  /** What the branches belong to: another prompt or model begins anew. */
  #of = "";
  #stop: AbortController | undefined;

  /** Writes at most `count` tokens after what is shown. */
  async write(count: number): Promise<void> {
    if (this.busy || !app.engine) return;
    this.busy = true;
    this.failure = undefined;
    const of = JSON.stringify([this.prompt, app.status.runId]);
    if (of !== this.#of) this.clear();
    this.#of = of;
    const { greedy, temperature, topK, cache, maxTokens: _, ...rest } = this.sampling;
    this.#stop = new AbortController();
    const ids = this.#tree.ids;
    try {
      const done = await app.engine.ask(
        "write",
        {
          ...rest,
          prompt: this.prompt,
          ids,
          drawn: ids.length,
          temperature: greedy ? 0 : temperature,
          // Greedy keeps one token, whatever the filters.
          ...(topK > 0 ? { topK } : {}),
          maxTokens: count,
          cache,
          moment: app.moment,
        },
        {
          signal: this.#stop.signal,
          onPart: (token) => {
            this.#tree.push(token as WrittenToken);
            this.#show();
          },
        },
      );
      const { tokensPerSecond, count: written } = done;
      if (tokensPerSecond)
        this.speeds = {
          ...this.speeds,
          [cache ? "with" : "without"]: { tokensPerSecond, count: written },
        };
      this.note =
        `Written with the weights of step ${done.step}.` +
        (done.read < done.given
          ? ` Prompt and text had ${done.given} tokens and the context is ${done.read}: the model read the last ${done.read} only. Shorten the prompt, or train with a longer context.`
          : "");
    } catch (error) {
      if (error instanceof EngineError) this.failure = error.failure;
      else if ((error as Error).name === "AbortError") this.note = "Stopped.";
      else this.failure = { message: (error as Error).message };
    }
    this.busy = false;
    await this.#read();
  }

  stop(): void {
    this.#stop?.abort();
  }

  /** Takes a rejected candidate in the place of `node`, and writes on from there. */
  async branch(node: Node, id: number): Promise<void> {
    if (this.busy) return;
    this.#tree.branch(node, id);
    this.#show();
    await this.write(Math.max(this.sampling.maxTokens - this.path.length, 1));
  }

  async go(node: Node): Promise<void> {
    this.#tree.go(node);
    this.#show();
    await this.#read();
  }

  clear(): void {
    this.#tree.clear();
    this.note = "";
    this.#show();
  }

  #show(): void {
    this.path = this.#tree.path;
    this.ends = this.#tree.ends;
    this.end = this.#tree.end;
  }

  async #read(): Promise<void> {
    const { ids } = this.#tree;
    if (ids.length === 0) return;
    try {
      this.text = (await app.engine!.ask("writeTokens", { prompt: this.prompt, ids })).text;
    } catch (error) {
      this.failure = { message: (error as Error).message };
    }
  }
}

export const writer = new Writer();
