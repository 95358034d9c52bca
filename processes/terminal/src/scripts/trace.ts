/**
 * `trace [-n <messages>] [<process-id>]`: messages as they pass, until it is interrupted.
 * @module
 */
import { request } from "@kinode-ts/stdlib";
import { defineScript, parseArgs, ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { COMMANDS } from "../commands.ts";

const SHAPE = {
  usage: COMMANDS.trace.usage,
  options: { messages: { type: "integer", short: "n", default: Infinity } },
  rest: { max: 1 },
} as const;

/** How long the module waits for a message before it answers that there was none, in seconds. */
const WAIT_SECONDS = 10;
const TIMEOUT_MS = 3 * WAIT_SECONDS * 1_000;

interface TraceAnswer {
  readonly Trace?: { readonly messages: readonly string[]; readonly missed: number };
  readonly Err?: string;
}

export default defineScript(async ({ args, emit }) => {
  const { options, rest } = parseArgs(args, SHAPE);
  const question = { Trace: { process: rest[0] ?? null, seconds: WAIT_SECONDS } };
  for (let left = options.messages; left > 0;) {
    // oxlint-disable-next-line no-await-in-loop -- what passes from now on
    const answer = await request("log:distro:sys", question, { timeout: TIMEOUT_MS });
    const { Trace: trace, Err: error } = answer.json() as TraceAnswer;
    if (trace === undefined) throw new ScriptFailure(`the trace cannot begin: ${error}`);
    const lines = trace.messages.slice(0, left);
    left -= lines.length;
    if (trace.missed > 0) lines.push(`… ${trace.missed} more came too fast to be shown`);
    // oxlint-disable-next-line no-await-in-loop -- in their order
    if (lines.length > 0) await emit(lines.join("\n"));
  }
});
