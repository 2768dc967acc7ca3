import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
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

  /** Puts another build in its place: every script has another name, and those of before are gone. */
  update(): void {
    const root = join(this.#folder, "sub", "path");
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name));
    const scripts = files
      .filter((file) => /assets.*\.js$/.test(file))
      .map((file) => basename(file));
    const renamed = (text: string) =>
      scripts.reduce((all, name) => all.replaceAll(name, name.replace(/\.js$/, ".newer.js")), text);
    for (const file of files) {
      if (/\.(html|js)$/.test(file)) writeFileSync(file, renamed(readFileSync(file, "utf8")));
      renameSync(file, renamed(file));
    }
    const worker = join(root, "sw.js");
    const text = readFileSync(worker, "utf8");
    writeFileSync(worker, text.replace(/VERSION = "/, 'VERSION = "2'));
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
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", ...more] });
}
