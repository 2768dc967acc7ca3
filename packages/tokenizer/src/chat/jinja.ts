import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { ChatTemplateError } from "./errors.ts";

/** A template that was read. */
export interface Program {
  /** The strings that it writes out or compares with. */
  readonly literals: readonly string[];
  /** Throws {@link ChatTemplateError}. */
  readonly render: (variables: Readonly<Record<string, unknown>>) => string;
}

/** Milliseconds that a conversation may take: a thousand messages take about a hundred. */
const MOST_TIME = 5_000;
const LONGEST_RANGE = 10_000;

/** Ends a template that does not end: Jinja has no endless loop, but loops in loops and macros that call themselves. */
class Bounded extends Interpreter {
  readonly #end = performance.now() + MOST_TIME;
  override evaluate(...args: Parameters<Interpreter["evaluate"]>) {
    if (performance.now() > this.#end)
      throw new RangeError(`it takes longer than ${MOST_TIME / 1000} seconds`);
    return super.evaluate(...args);
  }
}

/** What a template asked to be told to the user, by `raise_exception`. */
class Raised extends Error {}

/** Python's range, of which Jinja's makes a list. */
function range(from: number, to?: number, step = 1): number[] {
  const [start, stop] = to === undefined ? [0, from] : [from, to];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= LONGEST_RANGE))
    throw new RangeError(`range(${start}, ${stop}, ${step}) is longer than ${LONGEST_RANGE}`);
  return Array.from({ length }, (_, i) => start + i * step);
}

/** `%d %b %Y` and the like, of this moment. */
function strftime(format: string): string {
  const now = new Date();
  const two = (n: number) => String(n).padStart(2, "0");
  const name = (options: Intl.DateTimeFormatOptions) => now.toLocaleDateString("en-US", options);
  const fields: Readonly<Record<string, string>> = {
    Y: String(now.getFullYear()),
    m: two(now.getMonth() + 1),
    d: two(now.getDate()),
    H: two(now.getHours()),
    M: two(now.getMinutes()),
    S: two(now.getSeconds()),
    b: name({ month: "short" }),
    B: name({ month: "long" }),
    a: name({ weekday: "short" }),
    A: name({ weekday: "long" }),
    "%": "%",
  };
  return format.replace(/%(.)/g, (all, field: string) => {
    const value = fields[field];
    if (value === undefined) throw new RangeError(`strftime_now does not know ${all}`);
    return value;
  });
}

const globals: Readonly<Record<string, unknown>> = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  range,
  strftime_now: strftime,
  raise_exception: (message: unknown) => {
    throw new Raised(String(message));
  },
};

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Reads a Jinja template as transformers does. Throws {@link ChatTemplateError}. */
export function compile(source: string): Program {
  const read = () => {
    const tokens = tokenize(source, { lstrip_blocks: true, trim_blocks: true });
    const literals = tokens.filter(({ type }) => type === "StringLiteral").map((t) => t.value);
    return { literals: [...new Set(literals)].filter(Boolean), program: parse(tokens) };
  };
  let template: ReturnType<typeof read>;
  try {
    template = read();
  } catch (error) {
    throw new ChatTemplateError(
      `is no Jinja that can be read: ${reason(error)}`,
      "pass a chat_template.jinja, or the chat_template of a tokenizer_config.json",
      error,
    );
  }
  return {
    literals: template.literals,
    render(variables) {
      try {
        const environment = new Environment();
        for (const [name, value] of Object.entries({ ...globals, ...variables }))
          environment.set(name, value);
        const result = new Bounded(environment).run(template.program);
        return String(result.value);
      } catch (error) {
        if (error instanceof Raised)
          throw new ChatTemplateError(
            `refuses the messages: ${error.message}`,
            "change the messages to what the template takes",
            error,
          );
        throw new ChatTemplateError(
          `fails on these messages: ${reason(error)}`,
          "see which fields of a message, tools or variables it reads",
          error,
        );
      }
    },
  };
}
