import { hash, type Random, seeded } from "../random.ts";
import { gather } from "../size.ts";

/** What stands before the model, and what it should go on with, up to the end of the line. */
export interface Question {
  readonly prompt: string;
  readonly answer: string;
}

export interface Task {
  readonly name: string;
  /** One sentence for people. */
  readonly describe: string;
  /** Every character of its text, in code point order. */
  readonly characters: string;
  /** A random question, of the training text or of an exam. */
  example(random: Random): Question;
  /** Whether a prompt belongs to exams: one in ten does, and never occurs in training text. */
  isHeldOut(prompt: string): boolean;
  /**
   * Training text, a question and its answer a line: the fewest whole lines that reach
   * `characters`, so that a larger text begins with a smaller one.
   * @throws RangeError when the size is not a whole number of at least 0, or the seed is unsafe.
   */
  text(options: { seed: number; characters: number }): string;
  /**
   * Different questions, none of which any training text contains.
   * @throws RangeError when there are fewer than `count`, or `count` is not a whole number from 0.
   */
  exam(options: { seed: number; count: number }): Question[];
  /**
   * The share of right answers, 0 … 1. Of a completion all from the first newline on is ignored;
   * the rest must be the answer, character by character.
   * @throws RangeError when there is not one completion for each question, or no question.
   */
  score(exam: readonly Question[], completions: readonly string[]): number;
}

export interface Definition {
  readonly name: string;
  readonly describe: string;
  readonly characters: string;
  example(random: Random): Question;
  /** What two prompts share that ask the same, so that an exam holds both out: 1+2 and 2+1. */
  same?(prompt: string): string;
}

const EXAM_STREAM = 1;
/** Draws without a new question after which there is none: of 10,000, one is missed e^-20 times. */
const PATIENCE = 200_000;

export function task(definition: Definition): Task {
  const { name, example, same = (prompt) => prompt } = definition;
  const isHeldOut = (prompt: string): boolean => hash(`${name} ${same(prompt)}`) % 10 === 0;

  function* lines(random: Random): Generator<string, never, undefined> {
    for (;;) {
      const { prompt, answer } = example(random);
      if (!isHeldOut(prompt)) yield `${prompt}${answer}\n`;
    }
  }

  return {
    ...definition,
    isHeldOut,
    text: ({ seed, characters }) => gather(lines(seeded(seed)), characters),
    exam: ({ seed, count }) => {
      if (!Number.isSafeInteger(count) || count < 0) {
        throw new RangeError(`${name}: count must be a whole number of at least 0, not ${count}`);
      }
      const random = seeded(seed, EXAM_STREAM);
      const questions = new Map<string, Question>();
      for (let misses = 0; questions.size < count; ) {
        const question = example(random);
        if (isHeldOut(question.prompt) && !questions.has(question.prompt)) {
          questions.set(question.prompt, question);
          misses = 0;
        } else if (++misses > PATIENCE) {
          throw new RangeError(
            `${name}: an exam has at most ${questions.size} questions; ${count} are too many`,
          );
        }
      }
      return [...questions.values()];
    },
    score: (exam, completions) => {
      if (exam.length === 0 || completions.length !== exam.length) {
        throw new RangeError(
          `${name}: ${completions.length} completions for ${exam.length} questions; ` +
            "give one completion for each question, and at least one",
        );
      }
      const right = exam.filter(({ answer }, i) => completions[i]!.split("\n")[0] === answer);
      return right.length / exam.length;
    },
  };
}
