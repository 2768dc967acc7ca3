import { CLIError } from "../errors.ts";
import { version } from "../version.ts";
import type { HubName, HubPlace } from "./place.ts";

/** Asks the hub. Throws CLIError for an answer that repeating would not change, Error for one that it may. */
export type HubFetch = typeof fetch;

/**
 * `fetch` for one model: with the token, for the hub alone; with a `signal` that ends all; and with errors that say what to
 * do.
 */
export function hubFetch(place: HubPlace, repo: HubName, signal: AbortSignal): HubFetch {
  const { endpoint, token } = place;
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    headers.set("User-Agent", `muladd/${version}`);
    // A redirect to another host loses the header: fetch sees to that.
    if (token && url.origin === new URL(endpoint).origin)
      headers.set("Authorization", `Bearer ${token}`);
    const response = await fetch(url, { ...init, headers, signal });
    if (response.ok) return response;
    await response.body?.cancel();
    throw refusal(place, repo, response);
  };
}

/** What an answer means that is not the one hoped for. */
function refusal(place: HubPlace, repo: HubName, response: Response): Error {
  const { endpoint, token } = place;
  const { name, revision } = repo;
  const { status, headers } = response;
  const code = headers.get("X-Error-Code");
  const page = `${endpoint}/${name}`;
  const said = headers.get("X-Error-Message");
  const why = (...lines: string[]) => [...(said ? [`it says: ${said}`] : []), ...lines];
  if (status === 401 && !token)
    return new CLIError(`${endpoint} does not show ${name} to everyone`, {
      why: why("there is no such model, or it is private or gated, and HF_TOKEN is not set"),
      remedies: [
        "the name spelled otherwise",
        `HF_TOKEN with a token of ${endpoint}/settings/tokens`,
      ],
    });
  if (status === 401)
    return new CLIError(`${endpoint} does not accept the token for ${name}`, {
      why: why("it is wrong or expired; it came from HF_TOKEN, or from the file of hf auth login"),
      remedies: `HF_TOKEN with a token of ${endpoint}/settings/tokens`,
    });
  if (status === 403)
    return new CLIError(`${endpoint} does not give ${name} to you`, {
      why: why(
        code === "GatedRepo"
          ? "its licence must be accepted first"
          : "the token may not read it: a licence to accept, or a right that the token lacks",
      ),
      remedies: token ? `accept it at ${page}` : [`accept it at ${page}`, "set HF_TOKEN"],
    });
  if (status === 404 && code === "RevisionNotFound")
    return new CLIError(`${name} has no revision ${revision}`, {
      why: why(`its branches, tags and commits: ${page}/tree/main`),
      remedies: `hf:${name}`,
    });
  if (status === 404)
    return new CLIError(`there is no model ${name} at ${endpoint}`, {
      why: why("a name is ORG/NAME, as in the address of the model's page"),
      remedies: [
        `the name as ${endpoint}/models?search=${encodeURIComponent(lastPart(name))} has it`,
      ],
    });
  if (status === 429 || status >= 500)
    return new Error(`${endpoint} answers ${status}${said ? `: ${said}` : ""}`);
  return new CLIError(`${endpoint} answers ${status} for ${name}`, { why: why(response.url) });
}

const lastPart = (name: string) => name.slice(name.lastIndexOf("/") + 1);

/** Why the network did not answer, in a few words: "ENOTFOUND huggingface.co". */
export function networkReason(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: NodeJS.ErrnoException };
  return cause?.code ? `${cause.code}${cause.message ? `: ${cause.message}` : ""}` : message;
}
