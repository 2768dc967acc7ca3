import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

export type Manifest = {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
};

export type Package = {
  /** From the root, such as `packages/tensor`. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Text by path from the folder: sources, tests and configuration. */
  readonly files: ReadonlyMap<string, string>;
};

/** The packages and apps of the workspace whose root is given. */
export function readWorkspace(root: string): Package[] {
  return ["packages", "apps"]
    .flatMap((parent) => list(join(root, parent)).map((name) => `${parent}/${name}`))
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => readPackage(root, folder));
}

function readPackage(root: string, folder: string): Package {
  const top = join(root, folder);
  const files = new Map<string, string>();
  const add = (path: string) =>
    files.set(relative(top, path).split(sep).join("/"), readFileSync(path, "utf8"));
  for (const name of list(top)) {
    if (/^tsconfig.*\.json$|\.config\.ts$/.test(name)) add(join(top, name));
  }
  for (const part of ["src", "test", "test-browser"]) {
    for (const entry of list(join(top, part), true)) {
      if (/\.ts$/.test(entry) && !entry.includes("generated")) add(join(top, part, entry));
    }
  }
  return { folder, manifest: JSON.parse(readFileSync(join(top, "package.json"), "utf8")), files };
}

const list = (folder: string, recursive = false): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive, encoding: "utf8" }).sort() : [];
