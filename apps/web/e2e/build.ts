import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the app as it was built for this run. */
    built: string;
  }
}

/** Builds the app once for all files of tests. */
export default async function setup(project: TestProject): Promise<() => void> {
  const outDir = mkdtempSync(join(tmpdir(), "muladd-built-"));
  process.env.NODE_ENV = "production"; // vitest's "test" would make another app
  const { build } = await import("vite");
  const root = fileURLToPath(new URL("..", import.meta.url));
  await build({ root, logLevel: "error", build: { outDir, emptyOutDir: true } });
  process.env.NODE_ENV = "test";
  project.provide("built", outDir);
  return () => rmSync(outDir, { recursive: true, force: true });
}
