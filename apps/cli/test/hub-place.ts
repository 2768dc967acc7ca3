import { join } from "node:path";
import { explain } from "../src/errors.ts";
import { hubName } from "../src/hub/place.ts";
import { hubSnapshot, type SnapshotOptions } from "../src/hub/snapshot.ts";
import { COMMIT, type HubServer, hubServer } from "./hub-server.ts";
import { type TestIO, temporaryFolder, testIO } from "./support.ts";

export const text = (value: string) => new TextEncoder().encode(value);
export const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
export const files = {
  ".gitattributes": text("* lfs\n"),
  "README.md": text("# tiny\n"),
  "config.json": text('{"model_type":"gpt2"}\n'),
  "generation_config.json": text('{"eos_token_id":3}\n'),
  "tokenizer.json": text("{}"),
  "vocab.json": text("{}"),
  "merges.txt": text(""),
  "model.safetensors": weights,
  "pytorch_model.bin": weights.slice(0, 5000),
};
export const BLOB = "models--org--tiny/blobs";
export const SNAPSHOT = `models--org--tiny/snapshots/${COMMIT}`;

interface Place {
  readonly server: HubServer;
  readonly cache: string;
  readonly io: TestIO;
  /** The snapshot's folder, or what went wrong as it is shown. */
  get(name?: string, options?: SnapshotOptions): Promise<string>;
  fails(name?: string, options?: SnapshotOptions): Promise<string>;
}

/** A server with a model, and an empty cache. */
export async function place(
  env: Record<string, string> = {},
  given = files as Record<string, Uint8Array>,
): Promise<Place> {
  const server = await hubServer(given);
  const home = temporaryFolder();
  const io = testIO({ env: { HF_HOME: home, HF_ENDPOINT: server.endpoint, ...env } });
  const get = (name = "org/tiny", options: SnapshotOptions = {}) =>
    hubSnapshot(io, hubName(name)!, options);
  return {
    server,
    cache: join(home, "hub"),
    io,
    get,
    fails: (name, options) =>
      get(name, options).then(
        (folder) => `it went well: ${folder}`,
        (error) => {
          const shown = explain(error);
          return shown
            ? [shown.message, ...shown.why, ...shown.remedies].join("\n")
            : `BUG ${error}`;
        },
      ),
  };
}
