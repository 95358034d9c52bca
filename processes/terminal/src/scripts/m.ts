/**
 * `m <address> <body> [-a <seconds>]`: sends a request with all capabilities for its target.
 * It stays a few seconds even when nobody wants the answer: its right to send ends with it.
 * @module
 */
import { request, SendError } from "@kinode-ts/stdlib";
import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { splitCall } from "../command-line.ts";
import { COMMANDS } from "../commands.ts";

const USAGE = `usage: ${COMMANDS.m.usage}   with -a the response is shown`;

interface Call {
  readonly address: string;
  readonly body: string;
  /** Seconds to wait for a response that is shown. */
  readonly awaits: number | undefined;
}

function parseCall(args: string): Call | undefined {
  const words = splitCall(args);
  const flag = words.findIndex((word) => word === "-a" || word === "--await");
  const seconds = flag < 0 ? undefined : Number(words[flag + 1]);
  if (flag >= 0) words.splice(flag, 2);
  const [address, body] = words;
  const fits = words.length === 2 && (seconds === undefined || Number.isInteger(seconds));
  if (!fits || address === undefined || body === undefined) return undefined;
  return { address, body, awaits: seconds };
}

export default defineScript(async ({ args }) => {
  const call = parseCall(args);
  if (call === undefined) return USAGE;
  const { address, body, awaits } = call;
  try {
    const timeout = (awaits ?? 5) * 1_000;
    const response = await request(address, body, { timeout, attach: "all" });
    return awaits === undefined ? "" : response.text();
  } catch (thrown) {
    if (!(thrown instanceof SendError)) throw thrown;
    if (awaits === undefined && thrown.isTimeout) return "";
    throw new ScriptFailure(`m: ${thrown.message}`);
  }
});
