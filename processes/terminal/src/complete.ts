/**
 * Completion of command lines: what could stand where the cursor is.
 * Source: packages/types/src/completion.ts.
 * @module
 */
import { our } from "@kinode-ts/stdlib";
import type { Completion, CompletionAnswer, CompletionRequest } from "@kinode-ts/types";
import type { Aliases } from "./aliases.ts";
import { findOperators } from "./command-line.ts";
import type { ArgumentKind, CommandInfo } from "./commands.ts";
import { commandInfo } from "./commands.ts";
import { addresses, paths, processes, scriptIds } from "./completion-sources.ts";
import type { Session } from "./sessions.ts";

/** Possibilities in one answer. */
export const MAX_COMPLETIONS = 200;
const OUR_SCRIPT = /^([a-z0-9-]+):terminal:sys$/;

/** The word at the cursor, and what is before it in the same command. */
interface Place {
  /** Start of the word in the line. */
  readonly from: number;
  /** The word as the script would read it. */
  readonly word: string;
  readonly head: string | undefined;
}

function placeOf(line: string, cursor: number): Place {
  const text = line.slice(0, Math.max(cursor, 0));
  const start = findOperators(text).at(-1)?.end ?? 0;
  const { from, word } = lastWord(text, start);
  const [head] = text.slice(start, from).trim().split(/\s+/);
  return { from, word, head: head === "" ? undefined : head };
}

/** Blanks end a word unless they are quoted; quotes and backslashes are taken off. */
function lastWord(text: string, start: number): { readonly from: number; readonly word: string } {
  let from = start;
  let word = "";
  let quote = "";
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== "" && char === quote) quote = "";
    else if (quote === "" && (char === "'" || char === '"')) quote = char;
    else if (char === "\\" && quote !== "'") word += text[++at] ?? "";
    else if (quote === "" && /\s/.test(char)) {
      from = at + 1;
      word = "";
    } else word += char;
  }
  return { from, word };
}

/** As a person would type it: characters that mean something to the line have a backslash. */
function escaped(text: string): string {
  return text.replace(/[\s'"\\|;&]/g, "\\$&");
}

function startingWith(candidates: Iterable<Completion>, word: string): Completion[] {
  return [...candidates].filter(({ text }) => text.startsWith(word));
}

async function commands(word: string, aliases: Aliases): Promise<Completion[]> {
  const known = Object.entries(aliases.list()).map(([name, script]): Completion => {
    const own = OUR_SCRIPT.exec(script)?.[1];
    return { text: name, hint: (own && commandInfo(own)?.does) ?? script };
  });
  const found = startingWith(known, word);
  return found.length > 0 || word === "" ? found : startingWith(await scriptIds(word), word);
}

function flags({ flags: known = {} }: CommandInfo, word: string): Completion[] {
  const all = Object.entries(known).map(([text, hint]): Completion => ({ text, hint }));
  return startingWith(all, word);
}

async function argumentsOf(
  kind: ArgumentKind,
  word: string,
  aliases: Aliases,
  session: Session,
): Promise<Completion[]> {
  switch (kind) {
    case "path":
      return await paths(word, session.folder);
    case "process":
      return startingWith(await processes(), word);
    case "address":
      return startingWith(await addresses(our().node), word);
    case "command":
      return await commands(word, aliases);
    case "none":
      return [];
  }
}

/** For scripts nobody here knows: what the word looks like. */
function kindOf(word: string): ArgumentKind {
  if (word.startsWith("/")) return "path";
  return word.includes("@") ? "address" : word === "" ? "none" : "process";
}

async function possibilities(
  { word, head }: Place,
  aliases: Aliases,
  session: Session,
): Promise<Completion[]> {
  if (head === undefined) return await commands(word, aliases);
  const own = OUR_SCRIPT.exec(aliases.find(head) ?? head)?.[1];
  const info = own === undefined ? undefined : commandInfo(own);
  if (info !== undefined && word.startsWith("-")) return flags(info, word);
  return await argumentsOf(info?.takes ?? kindOf(word), word, aliases, session);
}

/** What could stand at the cursor, sorted. */
export async function complete(
  { line, cursor }: CompletionRequest,
  aliases: Aliases,
  session: Session,
): Promise<CompletionAnswer> {
  const place = placeOf(line, cursor);
  const found = await possibilities(place, aliases, session);
  const completions = found
    .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    .slice(0, MAX_COMPLETIONS)
    .map((each) => ({ ...each, text: escaped(each.text) }));
  return { from: place.from, completions };
}
