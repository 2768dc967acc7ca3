import { parseAst } from "vite";

/** A module that a file names. */
export type Import = {
  readonly specifier: string;
  /** Types only: nothing of it is left when the file runs. */
  readonly erased: boolean;
};

/**
 * What a TypeScript or JavaScript file imports or re-exports: static, dynamic with a literal, and in
 * types. A parser, not a pattern: doc comments quote imports too.
 */
export function importsOf(code: string): Import[] {
  const found: Import[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    if (typeof node !== "object" || node === null) return;
    const { type, source, importKind, exportKind } = node as {
      type?: unknown;
      source?: { value?: unknown } | null;
      importKind?: unknown;
      exportKind?: unknown;
    };
    if (typeof type === "string" && /^(Import|Export|TSImport)/.test(type)) {
      const erased = type === "TSImportType" || importKind === "type" || exportKind === "type";
      if (typeof source?.value === "string") found.push({ specifier: source.value, erased });
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(code, { lang: "ts" }));
  return found;
}
