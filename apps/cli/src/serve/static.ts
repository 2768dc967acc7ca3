import { createReadStream, existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

/** The headers that a folder's `_headers` file asks for on every path: "/*", then "  Name: value" lines. */
export function headersOf(root: string): Record<string, string> {
  const file = join(root, "_headers");
  if (!existsSync(file)) return {};
  const lines = readFileSync(file, "utf8").split("\n");
  const every = lines.slice(lines.indexOf("/*") + 1);
  const end = every.findIndex((line) => !line.startsWith("  "));
  return Object.fromEntries(
    every.slice(0, end < 0 ? undefined : end).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

/**
 * The file that a request's target names, inside `root` whatever the target says; `undefined` when there is none. A
 * folder is its index.html. Hidden names, and what leads out by "..", by an absolute path or by a link, are no files.
 */
export function fileFor(root: string, target: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(target.split(/[?#]/, 1)[0]!);
  } catch {
    return undefined; // "%" without two digits
  }
  const parts = path.split(/[/\\]/).filter(Boolean);
  if (path.includes("\0") || parts.some((part) => /^\.|^_headers$|:/.test(part))) return undefined;
  try {
    const home = realpathSync(root);
    let file = realpathSync(join(home, ...parts));
    if (statSync(file).isDirectory()) file = realpathSync(join(file, "index.html"));
    return file.startsWith(home + sep) && statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

/** A server of the files under `root`, not listening yet. Answers GET and HEAD alone. */
export function staticServer(root: string): Server {
  const headers = headersOf(root);
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const { method, url = "/" } = request;
    const refuse = (code: number, text: string) => {
      response.writeHead(code, {
        ...headers,
        "Content-Type": TYPES[".txt"],
        "Content-Length": text.length,
      });
      response.end(method === "HEAD" ? undefined : text);
    };
    if (method !== "GET" && method !== "HEAD") return refuse(405, "only GET and HEAD\n");
    const file = fileFor(root, url);
    if (!file) return refuse(404, "no such file\n");
    response.writeHead(200, {
      ...headers,
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Length": statSync(file).size,
      // Built files carry their hash in the name.
      "Cache-Control": /[\\/]assets[\\/]/.test(file) ? "max-age=31536000, immutable" : "no-cache",
    });
    if (method === "HEAD") return response.end();
    createReadStream(file)
      .on("error", () => response.destroy())
      .pipe(response);
  });
}
