import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FormatError } from "@muladd/tensor";
import { expect, onTestFinished, test } from "vitest";
import { openSafetensors, urlFiles, urlSource, writeSafetensors } from "../src/index.ts";

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

/** Answers requests until the test ends; the address of its `/file?secret=1`. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/file?secret=1`;
}

/** What a good server does, once the size has been asked for. */
const good =
  (bytes: Uint8Array, etag = '"1"'): RequestListener =>
  ({ headers }, response) => {
    const [, begin, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "")!.map(Number);
    const end = Math.min(last! + 1, bytes.length);
    if (begin! >= bytes.length)
      response.writeHead(416, { "Content-Range": `bytes */${bytes.length}` }).end();
    else
      response
        .writeHead(206, {
          "Content-Range": `bytes ${begin}-${end - 1}/${bytes.length}`,
          ETag: etag,
        })
        .end(bytes.subarray(begin, end));
  };

/** A server that is good once, and then answers as told. */
function thenAnswering(answer: (response: ServerResponse) => void): RequestListener {
  let requests = 0;
  return (request, response) =>
    requests++ === 0 ? good(BYTES)(request, response) : answer(response);
}

test("a file is read by ranges: one request for the size, and one for each read", async () => {
  const asked: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    asked.push(`${request.headers.range} ${request.headers.authorization}`);
    good(BYTES)(request, response);
  });
  const source = await urlSource(url, { headers: { Authorization: "Bearer x" } });
  expect(source.size).toBe(1000);
  expect(source.name).not.toContain("secret");
  expect(await source.read(500, 700)).toEqual(BYTES.subarray(500, 700));
  expect((await source.read(7, 7)).length).toBe(0);
  await expect(source.read(999, 1001)).rejects.toThrow("the file has 1000");
  await source.close();
  expect(asked).toEqual(["bytes=0-0 Bearer x", "bytes=500-699 Bearer x"]);
});

test("an empty file is empty", async () => {
  expect((await urlSource(await serve(good(new Uint8Array(0))))).size).toBe(0);
});

test("a tensor is fetched without the others", async () => {
  const tensors = new Map(
    ["a", "b", "c"].map((name, i) => [name, { shape: [100], data: new Float32Array(100).fill(i) }]),
  );
  const bytes = writeSafetensors({ tensors, metadata: {} });
  let sent = 0;
  const url = await serve((request, response) => {
    const [, begin, last] = /(\d+)-(\d+)/.exec(request.headers.range ?? "")!.map(Number);
    sent += last! - begin! + 1;
    good(bytes)(request, response);
  });
  const store = await openSafetensors(await urlSource(url));
  const b = await store.tensors.get("b")!.read();
  expect(new Float32Array(b.buffer)).toEqual(new Float32Array(100).fill(1));
  expect(sent).toBe(1 + (bytes.length - 1200) + 400);
});

test.each<[string, RequestListener, RegExp]>([
  [
    "ignores Range",
    (_, response) => response.end(BYTES),
    /the server ignores Range .*\(200\); download the file and open that/,
  ],
  ["has no such file", (_, response) => response.writeHead(404).end(), /no such file \(404\)/],
  [
    "wants a token",
    (_, response) => response.writeHead(401).end(),
    /access is refused \(401\); pass headers: \{ Authorization/,
  ],
  [
    "refuses the token",
    (_, response) => response.writeHead(403).end(),
    /access is refused \(403\); pass headers/,
  ],
  [
    "knows no such range",
    (_, response) => response.writeHead(416).end(),
    /no bytes 0 to 1 \(416\); download/,
  ],
  ["is busy", (_, response) => response.writeHead(503).end(), /answered 503 .*; try again later/],
  [
    "does not say what it sent",
    (_, response) => response.writeHead(206).end("x"),
    /\(Content-Range: null\); .*Access-Control-Expose-Headers/,
  ],
  [
    "does not know the size",
    (_, response) => response.writeHead(206, { "Content-Range": "bytes 0-0/*" }).end("x"),
    /\(Content-Range: bytes 0-0\/\*\)/,
  ],
  [
    "sent another range",
    (_, response) => response.writeHead(206, { "Content-Range": "bytes 1-1/9" }).end("x"),
    /expected 0-0, found Content-Range: bytes 1-1\/9/,
  ],
])("a server that %s is an error that says what to do", async (_, listener, expected) => {
  const url = await serve(listener);
  const opening = urlSource(url);
  await expect(opening).rejects.toThrow(FormatError);
  await expect(opening).rejects.toThrow(expected);
  await expect(opening).rejects.toThrow(/^http:\/\/127\.0\.0\.1:\d+\/file: /);
});

const partly = (range: string, headers = {}) => ({
  "Content-Range": `bytes ${range}/1000`,
  ETag: '"1"',
  ...headers,
});

test.each<[string, (response: ServerResponse) => void, RegExp]>([
  [
    "is cut short",
    (response) => {
      response.writeHead(206, partly("100-199", { "Content-Length": "100" }));
      response.write(BYTES.subarray(100, 140), () => response.destroy());
    },
    /expected 100 at 100, found \d+; check the connection/,
  ],
  [
    "ends early",
    (response) => response.writeHead(206, partly("100-199")).end(BYTES.subarray(100, 140)),
    /expected 100 at 100, found 40; check the connection/,
  ],
  [
    "has more bytes than it says",
    (response) => response.writeHead(206, partly("100-199")).end(BYTES.subarray(100, 300)),
    /expected 100 at 100, found 200/,
  ],
  [
    "is of another range",
    (response) => response.writeHead(206, partly("0-99")).end(BYTES.subarray(0, 100)),
    /expected 100-199, found Content-Range: bytes 0-99\/1000/,
  ],
  [
    "is of a file with another size",
    (response) =>
      response.writeHead(206, { "Content-Range": "bytes 100-199/1001", ETag: '"1"' }).end(BYTES),
    /has changed since it was opened: expected 1000 bytes and ETag "1", found 1001 and "1"; open it/,
  ],
  [
    "is of another file",
    (response) => response.writeHead(206, partly("100-199", { ETag: '"2"' })).end(BYTES),
    /expected 1000 bytes and ETag "1", found 1000 and "2"; open it again/,
  ],
  [
    "is that it is gone",
    (response) => response.writeHead(404).end(),
    /gone \(404\); open it again/,
  ],
  ["is cut before it begins", (response) => response.destroy(), /cannot be reached .*check the/],
])("an answer that %s is an error", async (_, answer, expected) => {
  const source = await urlSource(await serve(thenAnswering(answer)));
  const reading = source.read(100, 200);
  await expect(reading).rejects.toThrow(FormatError);
  await expect(reading).rejects.toThrow(expected);
});

test("nobody who answers is an error that says what to check", async () => {
  const url = "http://127.0.0.1:1/model.safetensors"; // a port that nobody may take
  await expect(urlSource(url)).rejects.toThrow(
    /^http:\/\/127\.0\.0\.1:1\/model\.safetensors: cannot be reached \(.+\); check the address/,
  );
});

test("an abort is the signal's reason, before an answer and within one", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const url = await serve(
    thenAnswering((response) => {
      response.writeHead(206, partly("100-199"));
      response.write(BYTES.subarray(100, 140), () => abort.abort(reason));
    }),
  );
  const source = await urlSource(url, { signal: abort.signal });
  await expect(source.read(100, 200)).rejects.toBe(reason);
  await expect(source.read(100, 200)).rejects.toBe(reason);
});

test("files are found below an address, with what its query says", async () => {
  const asked: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    asked.push(request.url);
    if (request.url?.startsWith("/file/none")) response.writeHead(404).end();
    else good(BYTES)(request, response);
  });
  const files = urlFiles(url);
  expect(await files.list()).toEqual([]);
  expect((await files.open("sub/a %2e#?.bin"))?.size).toBe(1000);
  expect(await files.open("none.json")).toBeUndefined();
  expect(asked).toEqual(["/file/sub/a%20%252e%23%3F.bin?secret=1", "/file/none.json?secret=1"]);
});
