import { CLIError, UsageError } from "./errors.ts";
import type { IO } from "./io.ts";

/** The text that a verb works on: its argument, or stdin where there is none or it is "-". */
export async function textArgument(
  io: IO,
  text: string | undefined,
  verb: string,
): Promise<string> {
  if (text !== undefined && text !== "-") return text;
  if (text === undefined && io.stdin.isTTY)
    throw new UsageError("there is no text", {
      why: "it is the argument, or what comes in on stdin",
      remedies: `${io.program} ${verb} "some text"`,
    });
  const bytes = await io.stdin.read();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CLIError("stdin is not UTF-8 text", {
      why: "convert it first, with iconv for example",
      cause,
    });
  }
}
