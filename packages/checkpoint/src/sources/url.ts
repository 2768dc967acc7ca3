import { FormatError } from "@muladd/tensor";
import type { ByteSource, FileSet } from "../source.ts";
import { checkPath } from "./path.ts";
import { checkRange } from "./range.ts";

export interface URLOptions {
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
  /** With every request, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * A file on the web, read by HTTP ranges: only what is read is fetched, and nothing is tried twice. One request asks for the
 * size. Throws FormatError, with the remedy, when the server cannot be reached, refuses, has no such file or serves no
 * ranges, and from `read` also when an answer is cut short or the file has changed; an abort as the signal's reason.
 */
export async function urlSource(url: string | URL, options: URLOptions = {}): Promise<ByteSource> {
  const source = await openURL(String(url), options);
  if (!source)
    throw new FormatError(`${nameOf(url)}: there is no such file (404); check the address`);
  return source;
}

/** The files below an address, which cannot be listed: `https://huggingface.co/ORG/NAME/resolve/main`. */
export function urlFiles(base: string | URL, options: URLOptions = {}): FileSet {
  const [, folder = "", query = ""] = /^([^?#]*)(\?[^#]*)?/.exec(String(base)) ?? [];
  const name = nameOf(base);
  return {
    name,
    async open(path) {
      checkPath(name, path);
      const inside = path.split("/").map(encodeURIComponent).join("/");
      return openURL(`${folder.replace(/\/+$/, "")}/${inside}${query}`, options);
    },
    async list() {
      return [];
    },
  };
}

/** Without a query and a password, which may be secrets. */
const nameOf = (url: string | URL): string =>
  String(url)
    .replace(/[?#].*$/s, "")
    .replace(/^(\w+:\/\/)[^/]*@/, "$1");

async function openURL(url: string, options: URLOptions): Promise<ByteSource | undefined> {
  const name = nameOf(url);
  const first = await request(name, url, options, "bytes=0-0");
  await first.body?.cancel();
  if (first.status === 404) return undefined;
  // An empty file has no first byte: "bytes */0".
  const isEmpty = first.status === 416 && contentRange(first)?.size === 0;
  const size = isEmpty ? 0 : checkAnswer(name, first, 0, 1);
  const tag = first.headers.get("etag");
  return {
    name,
    size,
    async read(begin, end) {
      checkRange(name, size, begin, end);
      if (begin === end) return new Uint8Array(0);
      const response = await request(name, url, options, `bytes=${begin}-${end - 1}`);
      try {
        const now = contentRange(response)?.size ?? size;
        const nowTag = response.headers.get("etag");
        if (response.status === 206 && (now !== size || nowTag !== tag))
          throw new FormatError(
            `${name}: has changed since it was opened: expected ${size} bytes and ETag ${tag}, found ${now} and ${nowTag}; open it again`,
          );
        checkAnswer(name, response, begin, end);
      } catch (error) {
        await response.body?.cancel();
        throw error;
      }
      return body(name, response, begin, end, options.signal);
    },
    async close() {},
  };
}

async function request(name: string, url: string, options: URLOptions, range: string) {
  const { fetch = globalThis.fetch, headers, signal } = options;
  try {
    return await fetch(url, { headers: { ...headers, Range: range }, signal: signal ?? null });
  } catch (cause) {
    throw unreachable(name, cause, signal);
  }
}

/** Of a file's bytes `begin` … `end`−1, as the header counts them, inclusive. */
function contentRange(response: Response) {
  const header = response.headers.get("content-range") ?? "";
  const [, begin, last, size] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(header) ?? [];
  if (size === undefined) return undefined;
  return { header, begin: Number(begin), end: Number(last) + 1, size: Number(size) };
}

/** The size of the whole file. Throws unless the answer is bytes `begin` … `end`−1 of it. */
function checkAnswer(name: string, response: Response, begin: number, end: number): number {
  const { status } = response;
  const fail = (why: string): never => {
    throw new FormatError(`${name}: ${why}`);
  };
  const download = "download the file and open that, or use another server";
  if (status === 200)
    fail(`the server ignores Range and would send the whole file (200); ${download}`);
  if (status === 401 || status === 403)
    fail(
      `access is refused (${status}); pass headers: { Authorization: "Bearer …" } with a token that may read it`,
    );
  if (status === 404) fail("the file is gone (404); open it again");
  if (status === 416) fail(`the server has no bytes ${begin} to ${end} (416); ${download}`);
  if (status !== 206)
    fail(
      `the server answered ${status} ${response.statusText}; try again later`.replace(" ;", ";"),
    );
  const range = contentRange(response);
  if (!range)
    return fail(
      `the server does not say which bytes it sent (Content-Range: ${response.headers.get("content-range")}); for a page of another origin it must also send Access-Control-Expose-Headers: Content-Range, ETag`,
    );
  if (range.begin !== begin || range.end !== end || !Number.isSafeInteger(range.size))
    fail(
      `the server sent other bytes than asked for: expected ${begin}-${end - 1}, found Content-Range: ${range.header}; ${download}`,
    );
  return range.size;
}

/** The answer's bytes, put into place as they come. */
async function body(
  name: string,
  response: Response,
  begin: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  const reader = response.body?.getReader();
  let done = 0;
  const wrong = (cause?: unknown) =>
    new FormatError(
      `${name}: the answer is not the bytes asked for: expected ${bytes.length} at ${begin}, found ${done}; check the connection and try again`,
      { cause },
    );
  for (;;) {
    const next = await reader?.read().catch((cause: unknown) => {
      throw signal?.aborted ? signal.reason : wrong(cause);
    });
    if (!next || next.done) break;
    if (done + next.value.length > bytes.length) {
      done += next.value.length;
      await reader?.cancel();
      throw wrong();
    }
    bytes.set(next.value, done);
    done += next.value.length;
  }
  if (done < bytes.length) throw wrong();
  return bytes;
}

function unreachable(name: string, cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return new FormatError(
    `${name}: cannot be reached (${inner}); check the address and the connection, and in a page that the server allows other origins (CORS)`,
    { cause },
  );
}
