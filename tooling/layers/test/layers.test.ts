import { resolve } from "node:path";
import { expect, test } from "vitest";
import { importsOf } from "../src/imports.ts";
import { layers } from "../src/layers.ts";
import { violations } from "../src/violations.ts";
import { type Manifest, type Package, readWorkspace } from "../src/workspace.ts";

const workspace = readWorkspace(resolve(import.meta.dirname, "../../.."));

test("the workspace keeps to its layers", () => {
  expect(violations(workspace, layers)).toEqual([]);
});

test("every package and app of the workspace is read, with sources", () => {
  expect(workspace.map(({ manifest }) => manifest.name)).toEqual(
    expect.arrayContaining(["@muladd/tensor", "@muladd/gpt", "muladd"]),
  );
  for (const { folder, files } of workspace) {
    expect(
      [...files.keys()].filter((path) => path.startsWith("src/")),
      folder,
    ).not.toEqual([]);
  }
});

test("imports are found in every form, and not in comments or strings", () => {
  const code = `
    // import "comment"
    import "bare"; import type { A } from "type"; import { type B, c } from "named";
    export * from "all"; export { d } from "some";
    type E = import("in-type").E;
    const f = () => import("dynamic");
    const g = 'import "string"';`;
  const found = importsOf(code);
  expect(found.map(({ specifier }) => specifier)).toEqual([
    "bare",
    "type",
    "named",
    "all",
    "some",
    "in-type",
    "dynamic",
  ]);
  const erased = found.filter((item) => item.erased).map(({ specifier }) => specifier);
  expect(erased).toEqual(["type", "in-type"]);
});

const table = {
  low: { imports: [], optional: ["engine"] },
  other: { imports: [], dev: ["low"] },
  high: { imports: ["low"], parts: { "src/more/": ["other", "extra"] } },
};

function library(
  name: string,
  files: Record<string, string>,
  manifest: Partial<Manifest> = {},
): Package {
  return {
    folder: `packages/${name}`,
    manifest: { name: `@muladd/${name}`, exports: { ".": {} }, ...manifest },
    files: new Map(Object.entries(files)),
  };
}

const low = library("low", { "src/index.ts": "" });
const other = library("other", { "src/index.ts": "" });
const onLow = { dependencies: { "@muladd/low": "workspace:^" } };
const onBoth = { dependencies: { "@muladd/low": "workspace:^", "@muladd/other": "workspace:^" } };
const useLow = `import "@muladd/low";`;
const app = (files: Record<string, string>, manifest: Partial<Manifest>): Package => ({
  ...library("app", files, { name: "muladd", ...manifest }),
  folder: "apps/app",
});

test.each<[string, Package]>([
  ["imports below it", library("high", { "src/index.ts": useLow }, onLow)],
  [
    "a part that imports more",
    library(
      "high",
      { "src/index.ts": useLow, "src/more/a.ts": `import "@muladd/other"; import "../index.ts";` },
      onBoth,
    ),
  ],
  [
    "the rest of a package that takes a type from such a part",
    library(
      "high",
      {
        "src/index.ts": `${useLow} import type { A } from "./more/a.ts";`,
        "src/more/a.ts": `import "@muladd/other";`,
      },
      onBoth,
    ),
  ],
  [
    "a dev dependency in tests, and built-ins",
    library(
      "other",
      { "test/a.test.ts": `${useLow} import "node:fs"; import "vitest";` },
      { devDependencies: onLow.dependencies },
    ),
  ],
  [
    "an optional peer dependency",
    library(
      "low",
      {},
      { peerDependencies: { engine: ">=1" }, peerDependenciesMeta: { engine: { optional: true } } },
    ),
  ],
  [
    "tooling in configuration",
    library(
      "low",
      {
        "tsup.config.ts": `import "@muladd/tool";`,
        "tsconfig.json": `{"extends":"@muladd/base/base.json"}`,
      },
      { devDependencies: { "@muladd/tool": "workspace:*", "@muladd/base": "workspace:*" } },
    ),
  ],
  [
    "an app that imports libraries, npm packages and built-ins",
    app(
      { "src/main.ts": `${useLow} import "commander"; import "node:fs";` },
      { dependencies: { ...onLow.dependencies, commander: "14.0.3" } },
    ),
  ],
])("allowed: %s", (_, item) => {
  expect(violations([low, other, item], table)).toEqual([]);
});

test.each<[string, Package, string]>([
  [
    "an optional npm package that every user would get",
    library("low", {}, { dependencies: { engine: "1" } }),
    "packages/low: must leave engine to its user",
  ],
  [
    "an optional npm package that every user would be asked for",
    library("low", {}, { peerDependencies: { engine: ">=1" } }),
    "packages/low: must leave engine to its user",
  ],
  ["a package without a layer", library("stray", {}), "packages/stray: has no layer"],
  [
    "an import of a higher layer",
    library("low", { "src/a.ts": `import type { A } from "@muladd/high";` }),
    `packages/low: src/a.ts imports what its layer may not: "@muladd/high"`,
  ],
  [
    "a declared dependency on a higher layer",
    library("low", {}, { dependencies: { "@muladd/high": "workspace:^" } }),
    "packages/low: may not depend on @muladd/high",
  ],
  [
    "a dev dependency that is not allowed",
    library(
      "low",
      { "test/a.test.ts": `import "@muladd/other";` },
      { devDependencies: { "@muladd/other": "workspace:^" } },
    ),
    "packages/low: may not depend on @muladd/other, not even for development",
  ],
  [
    "a test's import that is not allowed",
    library("low", { "test/a.test.ts": `import "@muladd/other";` }),
    `packages/low: test/a.test.ts imports what its layer may not: "@muladd/other"`,
  ],
  [
    "a dev dependency imported in src",
    library("other", { "src/a.ts": useLow }, { devDependencies: onLow.dependencies }),
    `packages/other: src/a.ts imports what its layer may not: "@muladd/low"`,
  ],
  [
    "a part's import outside the part",
    library("high", { "src/a.ts": `${useLow} import "@muladd/other";` }, onBoth),
    `packages/high: src/a.ts imports what its layer may not: "@muladd/other"`,
  ],
  [
    "an import of a part from outside it",
    library(
      "high",
      { "src/a.ts": `${useLow} import "./more/b.ts";`, "src/more/b.ts": `import "@muladd/other";` },
      onBoth,
    ),
    "packages/high: src/a.ts imports a part that may import more than it",
  ],
  [
    "an undeclared import",
    library("high", { "src/a.ts": useLow }),
    `packages/high: src/a.ts imports what package.json does not declare: "@muladd/low"`,
  ],
  [
    "an npm package in a library",
    library("low", { "src/a.ts": `import "lodash";` }, { dependencies: { lodash: "4" } }),
    `packages/low: src/a.ts imports what its layer may not: "lodash"`,
  ],
  [
    "a relative import that leaves the package",
    library("high", { "src/a.ts": `${useLow} import "../../low/src/index.ts";` }, onLow),
    "packages/high: src/a.ts leaves the package",
  ],
  [
    "an import past the exports",
    library("high", { "src/a.ts": `import "@muladd/low/src/index.ts";` }, onLow),
    "packages/high: src/a.ts reaches past the exports",
  ],
  [
    "a Node built-in in a library",
    library("low", { "src/a.ts": `const fs = await import("node:fs");` }),
    "packages/low: src/a.ts imports a Node built-in",
  ],
  [
    "a Node built-in without its prefix",
    library("low", { "src/a.ts": `import "fs";` }),
    "packages/low: src/a.ts imports a Node built-in",
  ],
  [
    "an unused dependency",
    library("high", {}, onLow),
    "packages/high: depends on @muladd/low, unused in src",
  ],
  [
    "an unused dev dependency",
    library("other", {}, { devDependencies: onLow.dependencies }),
    "packages/other: depends on @muladd/low for development, unused",
  ],
  [
    "a library that imports an app",
    library("low", { "src/a.ts": `import "muladd";` }),
    `packages/low: src/a.ts imports what its layer may not: "muladd"`,
  ],
])("forbidden: %s", (_, item, message) => {
  const others = [low, other].filter(({ folder }) => folder !== item.folder);
  const high =
    item.folder === "packages/high" ? [] : [library("high", { "src/index.ts": useLow }, onLow)];
  expect(violations([...others, ...high, item], table)).toContainEqual(
    expect.stringContaining(message),
  );
});
