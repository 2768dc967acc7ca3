import { describe, expect, test } from "vitest";
import { ConfigError, type GPTConfig, gptConfig } from "../src/index.ts";

const sizes = { vocabulary: 10, context: 8, width: 12, heads: 3, layers: 2 };

describe("gptConfig", () => {
  test("completes sizes with GPT-2's choices", () => {
    expect(gptConfig(sizes)).toEqual({
      ...sizes,
      positions: "learned",
      activation: "geluTanh",
      bias: true,
      dropout: 0,
    });
  });

  test("keeps what is given, and drops what it does not know", () => {
    const given = {
      ...sizes,
      positions: "sinusoidal",
      activation: "gelu",
      bias: false,
      dropout: 0.5,
    } as const;
    expect(gptConfig(given)).toEqual(given);
    expect(gptConfig({ ...given, color: "red" } as GPTConfig)).toEqual(given);
  });

  test.each(["vocabulary", "context", "width", "heads", "layers"] as const)(
    "refuses a %s that is not a whole number above 0",
    (field) => {
      for (const value of [0, -1, 1.5, Number.NaN, Infinity, undefined as unknown as number]) {
        const error = caught({ ...sizes, [field]: value });
        expect(error.field).toBe(field);
        expect(error.message).toBe(`${field} is ${value}; it must be a whole number, 1 at least`);
      }
    },
  );

  test.each([
    [{ positions: "rotary" }, 'positions is "rotary"; it is one of learned, sinusoidal'],
    [{ activation: "relu" }, 'activation is "relu"; it is one of gelu, geluTanh'],
    [{ bias: "no" }, "bias is no; it is true or false"],
    [{ dropout: 1 }, "dropout is 1; it lies in 0 … 1, without 1"],
    [{ dropout: -0.1 }, "dropout is -0.1; it lies in 0 … 1, without 1"],
    [{ dropout: Number.NaN }, "dropout is NaN; it lies in 0 … 1, without 1"],
    [
      { positions: "sinusoidal", width: 15 },
      "width 15 is odd; sinusoidal positions pair columns: make the width even",
    ],
  ])("refuses %j", (wrong, message) => {
    const error = caught({ ...sizes, ...wrong } as GPTConfig);
    expect(error.message).toBe(message);
    expect(message.startsWith(error.field)).toBe(true);
  });

  test.each([
    [{ width: 100, heads: 12 }, "100 / 12 = 8.333", "try width 96, or heads 10"],
    [{ width: 24, heads: 5 }, "24 / 5 = 4.8", "try width 25, or heads 6"],
    [{ width: 7, heads: 20 }, "7 / 20 = 0.35", "try width 20, or heads 7"],
  ])("for %j names a width and a number of heads that would do", (wrong, division, remedy) => {
    const error = caught({ ...sizes, ...wrong });
    expect(error.field).toBe("width");
    expect(error.why).toContain(division);
    expect(error.remedy).toBe(remedy);
    const [width, heads] = remedy.match(/\d+/g)!.map(Number) as [number, number];
    expect(gptConfig({ ...sizes, ...wrong, width }).width).toBe(width);
    expect(gptConfig({ ...sizes, ...wrong, heads }).heads).toBe(heads);
  });
});

function caught(config: Parameters<typeof gptConfig>[0]): ConfigError {
  try {
    gptConfig(config);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error("gptConfig accepted it");
}
