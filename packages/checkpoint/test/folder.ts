import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of this test's own, which is removed after it. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "muladd-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}
