import { parseAst } from "vite";

/**
 * The specifiers that a TypeScript or JavaScript file imports or re-exports: static, dynamic with a
 * literal, and in types. A parser, not a pattern: doc comments quote imports too.
 */
export function importsOf(code: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    if (typeof node !== "object" || node === null) return;
    const { type, source } = node as { type?: unknown; source?: { value?: unknown } | null };
    if (typeof type === "string" && /^(Import|Export|TSImport)/.test(type)) {
      if (typeof source?.value === "string") found.push(source.value);
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(code, { lang: "ts" }));
  return found;
}
