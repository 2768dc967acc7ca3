import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";

/** What the server does that a healthy one would not. */
export interface Faults {
  /** Ends the connection after these bytes of a file's answer, this many times. */
  cut?: { readonly path: string; readonly after: number; times: number };
  /** Never sends what follows this byte of a file. */
  ends?: { readonly path: string; readonly at: number };
  /** Sends other bytes for a file than it lists. */
  tampered?: string;
  /** Sends whole files whatever range is asked for. */
  noRanges?: boolean;
  /** The token without which it says 401. */
  token?: string;
  /** Answers all with this: status, X-Error-Code. */
  refuse?: readonly [number, string];
  /** The commit that revisions stand for, in place of COMMIT. */
  commit?: string;
  /** Fields of config.json in the list of files, in place of the true ones. */
  entry?: Readonly<Record<string, unknown>>;
}

export interface HubServer {
  readonly endpoint: string;
  /** "METHOD path range" of each request so far. */
  readonly requests: string[];
  /** Authorization headers that the host of large files saw. */
  readonly leaked: string[];
  readonly faults: Faults;
  close(): Promise<void>;
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const LARGE = 1000;

const gitHash = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/**
 * A hub with one model, "org/tiny", that speaks as much of the real one's protocol as a download needs: the revision, the
 * tree, and files with ranges, of which those of 1000 bytes and more are LFS's, kept by another host.
 */
export async function hubServer(files: Readonly<Record<string, Uint8Array>>): Promise<HubServer> {
  const requests: string[] = [];
  const leaked: string[] = [];
  const faults: Faults = {};
  const send = (req: IncomingMessage, res: ServerResponse, path: string) => {
    let bytes = files[path]!;
    if (faults.tampered === path) bytes = bytes.map((b, i) => (i === 7 ? b ^ 1 : b));
    const range = faults.noRanges ? null : /^bytes=(\d+)-$/.exec(req.headers.range ?? "");
    const from = range ? Number(range[1]) : 0;
    const part = bytes.subarray(from);
    res.writeHead(range ? 206 : 200, {
      "Content-Length": part.length,
      ...(range ? { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
      ETag: `"${gitHash(bytes)}"`,
      "X-Repo-Commit": COMMIT,
    });
    const { cut, ends } = faults;
    const breakAfter = (length: number) =>
      // A reader loses what it has not taken yet when the connection goes.
      res.write(part.subarray(0, length), () => setTimeout(() => res.destroy(), 100));
    if (ends?.path === path) return breakAfter(ends.at - from);
    if (cut?.path !== path || cut.times === 0) return res.end(part);
    cut.times--;
    breakAfter(cut.after);
  };
  const json = (res: ServerResponse, value: unknown) =>
    res.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));

  const hub = createServer((req, res) => {
    const { pathname } = new URL(req.url!, "http://hub");
    const path = decodeURIComponent(pathname);
    requests.push(`${req.method} ${path} ${req.headers.range ?? ""}`.trim());
    const refuse = (status: number, code: string) =>
      res.writeHead(status, { "X-Error-Code": code, "X-Error-Message": `said ${code}` }).end();
    if (faults.refuse) return refuse(...faults.refuse);
    if (faults.token && req.headers.authorization !== `Bearer ${faults.token}`)
      return refuse(401, "");
    const commit = faults.commit ?? COMMIT;
    const revision = /^\/api\/models\/org\/tiny\/revision\/(.*)$/.exec(path)?.[1];
    if (revision !== undefined)
      return ["main", "v1", commit].includes(revision)
        ? json(res, { _id: "1", id: "org/tiny", sha: commit, private: false })
        : refuse(404, "RevisionNotFound");
    if (path === `/api/models/org/tiny/tree/${commit}`)
      return json(res, [
        { type: "directory", path: "onnx", oid: "0", size: 0 },
        ...Object.entries(files).map(([name, bytes]) => ({
          type: "file",
          path: name,
          size: bytes.length,
          oid: gitHash(bytes),
          ...(bytes.length < LARGE
            ? {}
            : { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } }),
          ...(name === "config.json" ? faults.entry : {}),
        })),
      ]);
    const name = path.replace(`/org/tiny/resolve/${commit}/`, "");
    const bytes = files[name];
    if (!bytes) return refuse(404, "RepoNotFound");
    if (bytes.length < LARGE) return send(req, res, name);
    res.writeHead(302, {
      Location: `http://127.0.0.1:${(store.address() as AddressInfo).port}/${name}`,
      "X-Linked-Etag": `"${sha256(bytes)}"`,
      "X-Linked-Size": bytes.length,
      "X-Repo-Commit": COMMIT,
    });
    res.end();
  });
  const store = createServer((req, res) => {
    if (req.headers.authorization) leaked.push(req.headers.authorization);
    send(req, res, req.url!.slice(1));
  });
  const servers = [hub, store];
  for (const server of servers)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
  afterEach(close);
  const { port } = hub.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, requests, leaked, faults, close };
}
