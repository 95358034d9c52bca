/**
 * `terminal:terminal:sys`: runs the lines a person types.
 * Source: spec/packages-and-tools.md §19, spec/runtime-modules.md §10.2; docs/modules/terminal.md for what is ours.
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { defineProcess, encodeUtf8, our, parseJson, print, reply, serve } from "@kinode-ts/stdlib";
import type { CompletionRequest, InterruptAnswer, InterruptRequest } from "@kinode-ts/types";
import { COMPLETION_METADATA, INTERRUPT_METADATA, SESSION_PREFIX } from "@kinode-ts/types";
import { Aliases } from "./aliases.ts";
import { complete } from "./complete.ts";
import { answerOwnScript, unlessMalformed } from "./own-requests.ts";
import { askLine, runLine, withOrigin } from "./run-line.ts";
import type { Outcome } from "./run-script.ts";
import type { TakePart } from "./sessions.ts";
import { Sessions } from "./sessions.ts";
import type { TerminalState } from "./terminal-state.ts";

type Handled = Promise<Answer | undefined>;

/** What the host's terminal sends, as this process itself. */
async function handlePerson(message: IncomingRequest, state: TerminalState): Handled {
  const { metadata = "" } = message;
  if (metadata === COMPLETION_METADATA) {
    return await unlessMalformed(message, () => handleCompletion(message, state));
  }
  if (metadata === INTERRUPT_METADATA) {
    return await unlessMalformed(message, () => handleInterrupt(message, state));
  }
  const name = metadata.startsWith(SESSION_PREFIX) ? metadata.slice(SESSION_PREFIX.length) : "";
  const session = state.sessions.get(name);
  if (message.expectsResponse === undefined) {
    await runLine(message.text(), state.aliases, session);
    return undefined;
  }
  message.answerLater();
  await askLine(message.text(), state.aliases, session, (outcome) =>
    message.respond(answerOf(outcome)),
  );
  return undefined;
}

/** As a script answers (docs/modules/scripts.md). */
function answerOf({ output, errors, status }: Outcome): Answer {
  return reply(output, {
    metadata: status === 0 ? undefined : String(status),
    blob: errors === "" ? undefined : { mime: "text/plain", bytes: encodeUtf8(errors) },
  });
}

async function handleCompletion(message: IncomingRequest, state: TerminalState): Promise<Answer> {
  const { line, cursor, session } = parseJson(message.text()) as CompletionRequest;
  const isSession = session === undefined || typeof session === "string";
  if (typeof line !== "string" || !Number.isInteger(cursor) || !isSession) {
    throw new TypeError('a completion is asked for with {"line": text, "cursor": number}');
  }
  return await complete({ line, cursor }, state.aliases, state.sessions.get(session ?? ""));
}

async function handleInterrupt(message: IncomingRequest, state: TerminalState): Promise<Answer> {
  const { session = "" } = parseJson(message.text()) as InterruptRequest;
  if (typeof session !== "string") throw new TypeError('"session" is a text');
  const interrupted = await state.sessions.get(session).interrupt();
  if (interrupted > 0) print("interrupted");
  return { interrupted } satisfies InterruptAnswer;
}

/** A part of a script's output; any script that was started may send it, of whatever package. */
async function handlePart(message: IncomingRequest, take: TakePart): Handled {
  const { Output: text } = message.json() as { readonly Output?: unknown };
  if (typeof text !== "string") throw new TypeError("a part of an output is a text");
  message.answerLater();
  const isTaken = await take(text);
  message.respond(isTaken ? { Output: null } : { Err: "PipeClosed" });
  return undefined;
}

function isPart(message: IncomingRequest): boolean {
  return message.text().startsWith('{"Output":');
}

function handle(message: IncomingRequest, state: TerminalState): Handled | undefined {
  const { source } = message;
  if (source.equals(our())) return handlePerson(message, state);
  const take = message.isLocal ? state.sessions.takerOf(source.processId) : undefined;
  if (take !== undefined && isPart(message)) {
    return unlessMalformed(message, () => handlePart(message, take));
  }
  const isOurPackage = message.isLocal && source.packageId().equals(our().packageId());
  if (isOurPackage) return answerOwnScript(message, state);
  print(`ignored a request of ${source.toString()}`, 2);
  return undefined;
}

export default defineProcess(async () => {
  const state = { aliases: await Aliases.load(), sessions: new Sessions() };
  await serve((message) => handle(message, state), {
    onResponse: (response) => print(withOrigin(response.text(), response.source.processId)),
  });
});
