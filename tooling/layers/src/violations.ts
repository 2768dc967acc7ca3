import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { importsOf } from "./imports.ts";
import type { Layer, Layers } from "./layers.ts";
import type { Package } from "./workspace.ts";

const isInternal = (name: string): boolean => name === "muladd" || name.startsWith("@muladd/");

/** `@muladd/gpt/train` → `["@muladd/gpt", "./train"]`. */
function splitSpecifier(specifier: string): [name: string, subpath: string] {
  const parts = specifier.split("/");
  const length = specifier.startsWith("@") ? 2 : 1;
  return [parts.slice(0, length).join("/"), [".", ...parts.slice(length)].join("/")];
}

/** One line for each thing in the workspace that its layer forbids, with the remedy. */
export function violations(packages: readonly Package[], layers: Layers): string[] {
  const known = new Map(packages.map((item) => [item.manifest.name, item]));
  const fullName = (name: string) => (name in layers ? `@muladd/${name}` : name);
  return packages.flatMap((item) => {
    const app = item.folder.startsWith("apps/");
    // Tests of an app may ask the command what it makes of its flags.
    const layer: Layer | undefined = app
      ? { imports: Object.keys(layers), dev: ["muladd"] }
      : layers[posix.basename(item.folder)];
    if (!layer) return [`${item.folder}: has no layer; add it to tooling/layers/src/layers.ts`];
    const named = {
      imports: layer.imports.map(fullName),
      dev: (layer.dev ?? []).map(fullName),
      optional: layer.optional ?? [],
      parts: Object.entries(layer.parts ?? {}).map(
        ([part, names]) => [part, names.map(fullName)] as const,
      ),
    };
    return check(item, app, named, known).map((line) => `${item.folder}: ${line}`);
  });
}

type NamedLayer = Required<Pick<Layer, "imports" | "dev" | "optional">> & {
  readonly parts: readonly (readonly [path: string, names: readonly string[]])[];
};

function check(
  { manifest, files }: Package,
  app: boolean,
  layer: NamedLayer,
  known: ReadonlyMap<string, Package>,
): string[] {
  const found: string[] = [];
  const runtime = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const dev = Object.keys(manifest.devDependencies ?? {});
  const anywhere = [...layer.imports, ...layer.parts.flatMap(([, names]) => names)];
  const used = { src: new Set<string>(), elsewhere: new Set<string>() };

  /** Apps may use any npm package, libraries only what their layer names. */
  const isFree = (name: string) => app && !isInternal(name);
  const isTool = (name: string) => isInternal(name) && !known.has(name);
  for (const name of runtime) {
    if (layer.optional.includes(name)) {
      if (name in (manifest.dependencies ?? {}) || !manifest.peerDependenciesMeta?.[name]?.optional)
        found.push(`must leave ${name} to its user: an optional peer dependency`);
    } else if (!isFree(name) && !anywhere.includes(name)) found.push(`may not depend on ${name}`);
  }
  for (const name of dev) {
    if (isInternal(name) && !isTool(name) && ![...anywhere, ...layer.dev].includes(name)) {
      found.push(`may not depend on ${name}, not even for development`);
    }
  }

  for (const [path, text] of files) {
    if (path.endsWith(".json")) {
      for (const name of dev) if (text.includes(`"${name}/`)) used.elsewhere.add(name);
      continue;
    }
    const inSource = path.startsWith("src/");
    const part = layer.parts.find(([prefix]) => path.startsWith(prefix));
    const allowed = [...layer.imports, ...(part?.[1] ?? [])];
    for (const { specifier, erased } of importsOf(text)) {
      const say = (problem: string) => found.push(`${path} ${problem}: "${specifier}"`);
      if (specifier.startsWith(".")) {
        const target = posix.join(path, "..", specifier);
        const entered = layer.parts.find(([prefix]) => target.startsWith(prefix));
        if (target.startsWith("..")) say("leaves the package; import it by name");
        else if (inSource && entered && entered !== part && !erased) {
          say(`imports a part that may import more than it (${entered[0]})`);
        }
        continue;
      }
      if (isBuiltin(specifier)) {
        if (inSource && !app) {
          say("imports a Node built-in; browsers load it too, use process.getBuiltinModule");
        }
        continue;
      }
      const [name, subpath] = splitSpecifier(specifier);
      used[inSource ? "src" : "elsewhere"].add(name);
      if (inSource) {
        if (!isFree(name) && !allowed.includes(name)) say("imports what its layer may not");
        else if (!runtime.includes(name)) say("imports what package.json does not declare");
      } else if (isInternal(name) && !isTool(name) && name !== manifest.name) {
        if (![...anywhere, ...layer.dev].includes(name)) say("imports what its layer may not");
        else if (![...runtime, ...dev].includes(name)) {
          say("imports what package.json does not declare");
        }
      }
      const target = known.get(name);
      if (target && !(subpath in (target.manifest.exports ?? {}))) {
        say("reaches past the exports of the package");
      }
    }
  }

  for (const name of runtime) {
    if (isInternal(name) && !used.src.has(name)) found.push(`depends on ${name}, unused in src`);
  }
  for (const name of dev) {
    if (isInternal(name) && !used.elsewhere.has(name)) {
      found.push(`depends on ${name} for development, unused in tests and configuration`);
    }
  }
  return found;
}
