/**
 * How the scripts of this package ask the terminal.
 * @module
 */
import { request } from "@kinode-ts/stdlib";
import type { OwnRequests } from "./own-requests.ts";

/** The value of the answer, which has the name of the request. */
export async function askTerminal<N extends keyof OwnRequests>(
  name: N,
  value: OwnRequests[N],
): Promise<unknown> {
  const answer = await request("terminal:terminal:sys", { [name]: value });
  return (answer.json() as Readonly<Record<string, unknown>>)[name];
}
