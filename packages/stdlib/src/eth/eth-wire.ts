/**
 * One request to `eth:distro:sys` and its answer.
 * Source: spec/network-identity.md §5.1.
 * @module
 */
import { ETH_PROCESS } from "@kinode-ts/types";
import type { Body } from "../body.ts";
import type { Duration } from "../duration.ts";
import { SendError } from "../errors.ts";
import { request, type RequestOptions } from "../send.ts";
import { EthError, toEthError } from "./eth-error.ts";

const ETH = `our@${ETH_PROCESS}`;
/** Longer than the module's own default for other nodes, which may take half a minute. */
export const DEFAULT_TIMEOUT: Duration = "60s";

/**
 * Sends one action, and gives what was answered, parsed.
 * @param what - is asked for, for a person to read
 */
export async function ethRequest(
  action: Body,
  what: string,
  options: RequestOptions,
): Promise<unknown> {
  const timeout = options.timeout ?? DEFAULT_TIMEOUT;
  let answer: unknown;
  try {
    const response = await request(ETH, action, { ...options, timeout });
    // Numbers that matter are texts there: the plain parser does, and is several times as fast.
    answer = JSON.parse(response.text());
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new EthError("UnexpectedAnswer", what, "no JSON");
    if (!(thrown instanceof SendError)) throw thrown;
    throw new EthError("SendError", what, thrown.message, { cause: thrown });
  }
  if (typeof answer === "object" && answer !== null && "Err" in answer) {
    throw toEthError(answer.Err, what);
  }
  return answer;
}

/** The payload of an answer of the given case. @throws {EthError} it is another one */
export function payloadOf(answer: unknown, name: string, what: string): unknown {
  if (typeof answer === "object" && answer !== null && name in answer) {
    return (answer as Readonly<Record<string, unknown>>)[name];
  }
  if (answer === "PermissionDenied") throw toEthError(answer, what);
  throw new EthError("UnexpectedAnswer", what, JSON.stringify(answer) ?? "");
}
