import { expect, test } from "vitest";
import { report } from "../src/errors.ts";
import { muladd, temporaryFolder, testIO } from "./support.ts";

const VERBS =
  "train generate eval import export demo tokenize inspect plan gradcheck bench serve doctor".split(
    " ",
  );

test("alone, the program says in eight lines what it is and how to begin", async () => {
  const { code, out, err } = await muladd([]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out.trimEnd().split("\n").length).toBeLessThanOrEqual(8);
  expect(out).toContain("muladd demo");
});

test("the help leads with examples and names every verb", async () => {
  const { code, out } = await muladd(["--help"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^Examples:\n {2}muladd demo\n/);
  for (const verb of VERBS) expect(out).toMatch(new RegExp(`^  ${verb} +\\w`, "m"));
});

test.each(VERBS)("muladd %s --help shows examples and the shared flags", async (verb) => {
  const { code, out, err } = await muladd([verb, "--help"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(new RegExp(`^Examples:\\n  muladd ${verb}`));
  expect(out).toContain(`Usage: muladd ${verb} `);
  for (const flag of ["--json", "--no-color", "--quiet", "--verbose", "--config <file>"])
    expect(out).toContain(flag);
});

test("the version is the package's", async () => {
  const { code, out } = await muladd(["--version"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
});

test("flags may stand before the verb", async () => {
  const { code, out } = await muladd(["--json", "plan", "gpt3"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toBeTypeOf("object");
});

test("help VERB is VERB --help", async () => {
  expect(await muladd(["help", "plan"])).toEqual(await muladd(["plan", "--help"]));
  expect(await muladd(["help"])).toEqual(await muladd(["--help"]));
});

test("help and errors call the program as the user did, so that their commands can be pasted", async () => {
  const calledAs = async (...args: string[]) => {
    const { out, err } = await muladd(args, { cwd: temporaryFolder(), program: "node cli.js" });
    return out + err;
  };
  expect(await calledAs()).toContain("\n  node cli.js demo ");
  expect(await calledAs("--help")).toContain("\n  node cli.js demo\n");
  expect(await calledAs("plan", "--help")).toContain("\n  node cli.js plan gpt3\n");
  expect(await calledAs("palm")).toContain("\n  try  node cli.js plan\n");
  expect(await calledAs("generate")).toContain("\n  try  node cli.js generate --help\n");
  expect(await calledAs("generate", "gone")).toContain("\n  try  node cli.js demo   or ");
});

test("an unknown flag without a verb is an error", async () => {
  const { code, err } = await muladd(["--versoin"]);
  expect(code).toBe(2);
  expect(err).toBe("error: unknown option --versoin\n  try  --version\n");
});

test("our own bug is called one, with what a report needs, and code 70", () => {
  const io = testIO();
  expect(report(io, new TypeError("x is not a function"))).toBe(70);
  expect(io.err).toMatch(/^error: this is a bug in muladd, sorry: x is not a function\n/);
  expect(io.err).toContain("program.test.ts");
  expect(io.err).toMatch(/\n {2}muladd \d+\.\d+\.\d+\S* · node \d+\.\d+\.\d+ · \w+ \w+\n/);
});

test("errors are red where colours are shown", () => {
  const io = testIO({ colors: true });
  report(io, new TypeError("x"));
  expect(io.err).toContain("\x1b[31merror:\x1b[39m");
});
