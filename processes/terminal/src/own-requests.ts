/**
 * What scripts of this package ask the terminal for: aliases and the current folder.
 * Source: spec/runtime-modules.md §10.2 (`EditAlias`); docs/modules/terminal.md for the others, which are ours.
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { JsonError, print } from "@kinode-ts/stdlib";
import type { TerminalState } from "./terminal-state.ts";

/** The requests, by name; each answers under its own name. */
export interface OwnRequests {
  readonly EditAlias: { readonly alias: string; readonly process: string | null };
  /** Answered with the process id, or `null`. */
  readonly FindAlias: string;
  /** Answered with process ids by alias. */
  readonly ListAliases: null;
  /** A path from the root; answered with it. For the session the script was started in. */
  readonly ChangeFolder: string;
}

/** Answers a body that is none of the requests as such; nothing has changed then. */
export function answerOwnScript(
  message: IncomingRequest,
  state: TerminalState,
): Promise<Answer | undefined> {
  return unlessMalformed(message, () => answerRequest(message, state));
}

/** Answers with what `step` gives, and a body that it cannot read as malformed. */
export async function unlessMalformed(
  message: IncomingRequest,
  step: () => Promise<Answer | undefined>,
): Promise<Answer | undefined> {
  try {
    return await step();
  } catch (thrown) {
    if (!(thrown instanceof TypeError || thrown instanceof JsonError)) throw thrown;
    print(`${message.source.toString()} asked for what is not known: ${thrown.message}`, 1);
    return { Err: "MalformedRequest" };
  }
}

async function answerRequest(
  message: IncomingRequest,
  { aliases, sessions }: TerminalState,
): Promise<Answer> {
  const [name, value] = readCase(message.json());
  switch (name) {
    case "EditAlias": {
      const { alias, process } = readEdit(value);
      return { EditAlias: await aliases.edit(alias, process) };
    }
    case "FindAlias":
      return { FindAlias: aliases.find(readText(name, value)) ?? null };
    case "ListAliases":
      return { ListAliases: aliases.list() };
    case "ChangeFolder": {
      const folder = readText(name, value);
      const session = sessions.findByProcess(message.source.processId);
      if (!folder.startsWith("/")) throw new TypeError(`"${folder}" does not start with "/"`);
      if (session !== undefined) session.folder = folder;
      return { ChangeFolder: session?.folder ?? null };
    }
    default:
      throw new TypeError(`"${name}" is not a request to the terminal`);
  }
}

function readCase(value: unknown): readonly [string, unknown] {
  const [entry] = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (entry === undefined) throw new TypeError("a request to the terminal is one named case");
  return entry;
}

function readText(name: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${name} takes a text`);
  return value;
}

function readEdit(value: unknown): OwnRequests["EditAlias"] {
  const { alias, process = null } = (value ?? {}) as Partial<OwnRequests["EditAlias"]>;
  if (typeof alias !== "string" || (typeof process !== "string" && process !== null)) {
    throw new TypeError('an edit is {"EditAlias":{"alias":text,"process":text or null}}');
  }
  return { alias, process };
}
