import { existsSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Command, InvalidArgumentError } from "commander";
import { CLIError, exitCodes, UsageError } from "../errors.ts";
import type { IO } from "../io.ts";
import { given, number, type SharedOptions, verb } from "../options.ts";
import { endWith } from "../program.ts";
import { writeJSON, writeLines } from "../ui/table.ts";
import { webApp } from "../web-app.ts";

interface Options extends SharedOptions {
  readonly port: number;
  readonly host: string;
}

const PORT = 4173;
/** Ports that are tried, one after the other, when none was asked for. */
const ATTEMPTS = 20;

/** `muladd serve`: the web app, with the headers that give it threads. `root`: the built app. */
export function serveCommand(io: IO, root: string | undefined = webApp()): Command {
  const command = verb(io, "serve", "Serve the web app on this machine, until Ctrl-C.", [
    "serve",
    "serve --port 8080",
  ])
    .option(
      "--port <n>",
      "0 for any that is free; by default the first free from 4173 on",
      port,
      PORT,
    )
    .option("--host <address>", "who may connect; 0.0.0.0 lets in the whole network", "127.0.0.1")
    .action(async ({ port, host, json }: Options) => {
      if (root === undefined || !existsSync(`${root}/index.html`))
        throw new CLIError("the web app is not built", {
          why: "it is made from apps/web of muladd's repository",
          remedies: "pnpm --filter web build",
          exitCode: exitCodes.unavailable,
        });
      const { staticServer } = await import("../serve/static.ts");
      const server = staticServer(root);
      await listen(server, port, host, given(command, "port") ? 1 : ATTEMPTS);
      const address = addressOf(server);
      if (json) writeJSON(io, { v: 1, url: address });
      else
        writeLines(io, [
          `muladd's web app: ${address}`,
          ...(isLoopback(host)
            ? []
            : [
                "other machines see it without threads and storage: those need https or this machine",
              ]),
          "Ctrl-C ends it",
        ]);
      const signal = await new Promise<"SIGINT" | "SIGTERM">((resolve) => {
        const off = io.onSignal((name) => {
          off();
          resolve(name);
        });
      });
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      if (signal === "SIGTERM") endWith(io, exitCodes.SIGTERM);
    });
  return command;
}

function port(text: string): number {
  const value = number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError("it is a whole number in 0 … 65535");
  return value;
}

async function listen(
  server: Server,
  first: number,
  host: string,
  attempts: number,
): Promise<void> {
  for (let port = first; ; port++) {
    const error = await attempt(server, port, host);
    if (!error) return;
    if (error.code === "EADDRINUSE" && port + 1 < first + attempts) continue;
    throw refusal(error, port, host, attempts);
  }
}

function attempt(
  server: Server,
  port: number,
  host: string,
): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once("error", resolve);
    server.listen(port, host, () => {
      server.off("error", resolve);
      resolve(undefined);
    });
  });
}

function refusal(error: NodeJS.ErrnoException, port: number, host: string, attempts: number) {
  const free = "--port 0";
  switch (error.code) {
    case "EADDRINUSE":
      return new CLIError(
        attempts === 1
          ? `port ${port} is taken by another program`
          : `the ports ${port - attempts + 1} to ${port} are all taken`,
        { remedies: free, cause: error },
      );
    case "EACCES":
      return new CLIError(`port ${port} may not be used by this user`, {
        remedies: free,
        cause: error,
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new UsageError(`--host ${host} is no address of this machine`, {
        remedies: ["--host 127.0.0.1", "--host 0.0.0.0"],
        cause: error,
      });
    default:
      return error;
  }
}

function addressOf(server: Server): string {
  const { port, family, address } = server.address() as AddressInfo;
  const any = ["0.0.0.0", "::"].includes(address);
  const name = any ? "127.0.0.1" : family === "IPv6" ? `[${address}]` : address;
  return `http://${name}:${port}/`;
}

const isLoopback = (host: string): boolean => ["127.0.0.1", "::1", "localhost"].includes(host);
