/**
 * Scripts: programs that are started with arguments, run once, and leave a text and an exit status.
 * What caller and script say to each other: docs/modules/scripts.md.
 * Source: spec/packages-and-tools.md §19.2, §25.1.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import type { Address } from "../address.ts";
import type { Reply } from "../answer.ts";
import { reply } from "../answer.ts";
import type { ProcessDefinition } from "../define.ts";
import { defineProcess } from "../define.ts";
import { host } from "../current.ts";
import type { IncomingRequest } from "../message.ts";
import { receive, request } from "../send.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import { ScriptFailure } from "./script-failure.ts";

/** What a script is started with. Source: spec/packages-and-tools.md §19, §25.1. */
export interface ScriptInput {
  readonly our: Address;
  /** Everything after the name of the script, as typed; `parseArgs` takes it apart. */
  readonly args: string;
  /** What was piped in; empty when nothing was. */
  readonly stdin: string;
  /** Whether something was piped in, be it empty. */
  readonly hasStdin: boolean;
  /** Where relative VFS paths start: the folder the person has changed to, `/` at first. */
  readonly folder: string;
  /**
   * Gives a part of the output at once, whole lines without the last line end, and settles when whoever reads is ready
   * for more. With `"parts": true` in `scripts.json` it goes down the pipe; a script that nobody waits for prints it;
   * for callers who take no parts it is kept for the answer.
   * @throws {ScriptFailure} nobody reads any more: to be passed on, it ends the script quietly
   */
  readonly emit: (text: string) => Promise<void>;
}

/** What a script leaves when its output is not all there is to say. */
export interface ScriptOutcome {
  /** For the next script of a pipe, or for the person. */
  readonly output?: string | undefined;
  /** For the person only; never goes down a pipe. */
  readonly errors?: string | undefined;
  /** 0 (the default) is success; at most 255. */
  readonly status?: number | undefined;
}

interface WholeOutcome {
  readonly output: string;
  readonly errors: string;
  readonly status: number;
}

type ScriptReturn = string | ScriptOutcome | void;

/** Returns its output, or an outcome. */
export type ScriptBody = (input: ScriptInput) => Promise<ScriptReturn> | ScriptReturn;

const PIPED = /^text\/plain\s*(;|$)/i;
const MAX_STATUS = 255;

/**
 * Declares a script: it waits for one request and runs with its body as arguments. When a response is expected, that has
 * the output as its body, the exit status (unless 0) as metadata and the errors as blob; else both texts are printed,
 * if not empty. A `ScriptFailure` that is thrown ends it with that text and status, anything else with
 * `error: <text>` and 1.
 */
export function defineScript(body: ScriptBody): ProcessDefinition {
  return defineProcess(async (our) => {
    let message = await receive();
    while (message.kind !== "request") message = await receive();
    const outcome = await run(body, our, message);
    if (message.prompts === "yes") message.respond(answerOf(outcome));
    else for (const text of [outcome.output, outcome.errors]) printUnlessEmpty(text);
  });
}

async function run(
  body: ScriptBody,
  our: Address,
  message: IncomingRequest,
): Promise<WholeOutcome> {
  const kept: string[] = [];
  let outcome: WholeOutcome;
  try {
    const blob = message.hasBlob ? message.blob() : undefined;
    const hasStdin = PIPED.test(blob?.mime ?? "");
    const stdin = hasStdin ? decodeUtf8(blob!.bytes) : "";
    const { folder, takesParts } = callOf(message.metadata);
    const emit = async (text: string): Promise<void> => {
      if (message.prompts !== "yes") printUnlessEmpty(text);
      else if (takesParts) await sendPart(message.source, text);
      else kept.push(text);
    };
    outcome = outcomeOf(await body({ our, args: message.text(), stdin, hasStdin, folder, emit }));
  } catch (thrown) {
    outcome = failureOf(thrown);
  }
  if (kept.length === 0) return outcome;
  const parts = outcome.output === "" ? kept : [...kept, outcome.output];
  return { ...outcome, output: parts.join("\n") };
}

/** What the caller says besides: `{"folder": "/app:pkg/data", "parts": true}`; other metadata says nothing. */
function callOf(metadata: string | undefined): { folder: string; takesParts: boolean } {
  try {
    const { folder, parts } = JSON.parse(metadata ?? "{}") as { folder?: unknown; parts?: unknown };
    const isFolder = typeof folder === "string" && folder.startsWith("/");
    return { folder: isFolder ? folder : "/", takesParts: parts === true };
  } catch {
    // Callers may put there what they like.
    return { folder: "/", takesParts: false };
  }
}

/** Longest time that a part may wait for the next script of the pipe, in milliseconds. */
const PART_TIMEOUT_MS = 600_000;

async function sendPart(caller: Address, text: string): Promise<void> {
  const answer = await request(caller, { Output: text }, { timeout: PART_TIMEOUT_MS });
  const value = answer.json() as { readonly Output?: unknown } | null;
  if (value?.Output === undefined) throw new ScriptFailure("", { status: 0 });
}

/** @throws {RangeError} a status that no program can have */
function outcomeOf(returned: ScriptReturn): WholeOutcome {
  const whole = typeof returned === "object" ? returned : { output: returned ?? "" };
  const { output = "", errors = "", status = 0 } = whole;
  if (!Number.isInteger(status) || status < 0 || status > MAX_STATUS) {
    throw new RangeError(`the exit status ${status} is not a whole number from 0 to ${MAX_STATUS}`);
  }
  return { output, errors, status };
}

function failureOf(thrown: unknown): WholeOutcome {
  if (!(thrown instanceof ScriptFailure)) {
    return { output: "", errors: `error: ${errorText(thrown)}`, status: 1 };
  }
  const { message, status } = thrown;
  return status === 0
    ? { output: message, errors: "", status }
    : { output: "", errors: message, status };
}

function answerOf({ output, errors, status }: WholeOutcome): string | Reply {
  if (errors === "" && status === 0) return output;
  return reply(output, {
    metadata: status === 0 ? undefined : String(status),
    blob: errors === "" ? undefined : { mime: "text/plain", bytes: encodeUtf8(errors) },
  });
}

function printUnlessEmpty(text: string): void {
  if (text !== "") host().printToTerminal(0, text);
}
