import { cpSync, mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { inject } from "vitest";
import { findChromium, missingChromium } from "../../../tooling/scripts/chromium.mjs";
import { staticServer } from "../../cli/src/serve/static.ts";

/** A copy of the built app, under a path that is not the root of its host, with or without the headers of `_headers`. */
export class Site {
  readonly #folder = mkdtempSync(join(tmpdir(), "muladd-site-"));
  #server: Server | undefined;

  constructor() {
    cpSync(inject("built"), join(this.#folder, "sub", "path"), { recursive: true });
  }

  /** Serves it; returns its address. */
  async serve({ headers = true } = {}): Promise<string> {
    await this.stop();
    const file = join(this.#folder, "_headers");
    if (headers) cpSync(join(this.#folder, "sub", "path", "_headers"), file);
    else rmSync(file, { force: true });
    const server = staticServer(this.#folder);
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/sub/path/`;
  }

  /** As if the network were gone. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export function launch(...more: string[]): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(missingChromium);
  return chromium.launch({ executablePath, args: ["--no-sandbox", ...more] });
}
