/**
 * The grammar of the command line.
 * Source: spec/packages-and-tools.md §19.1; docs/modules/terminal.md says what is ours.
 *
 * A line of the reference is one command whose arguments go to the script as typed, so a `|` in it is a character. Here
 * `|`, `&&` and `;` also join commands, but only where they stand alone between two commands: outside of quotes and
 * brackets, with blanks around them, and with the name of a command after them.
 * @module
 */
import { ProcessId } from "@kinode-ts/stdlib";

export interface CommandLine {
  readonly head: string;
  /** Everything after the first space, as typed. */
  readonly args: string;
}

/** Commands joined by `|`; the output of each is the input of the next. */
export interface Pipeline {
  readonly commands: readonly CommandLine[];
  /** It comes after `&&`: only if the one before was successful. */
  readonly needsSuccess: boolean;
}

/** What the grammar must know about commands. */
export interface KnownCommands {
  /** Whether a word names a command. */
  isCommand(word: string): boolean;
  /** Whether the script of this head reads its arguments as words, so that operators in them would have to be quoted. */
  takesWords(head: string): boolean;
}

export type OperatorKind = "|" | "&&" | ";";

export interface Operator {
  readonly kind: OperatorKind;
  /** Where it starts and ends in the line. */
  readonly at: number;
  readonly end: number;
}

/** A line longer than this is one command: operators are not looked for. In UTF-16 units. */
export const MAX_SEARCHED_LINE = 65_536;

const CLOSING: Readonly<Record<string, string>> = { "{": "}", "[": "]" };
/** Quotes and brackets that are never closed: after so many the rest of them are plain characters. */
const MAX_UNCLOSED = 8;

/** A line that cannot be carried out. */
export class LineError extends Error {
  override name = "LineError";
}

/** One command as the reference reads it; `undefined` for an empty line. */
export function parseCommandLine(line: string): CommandLine | undefined {
  const text = line.replace(/[\r\n]+$/, "").trimStart();
  if (text === "") return undefined;
  const space = text.indexOf(" ");
  return space < 0
    ? { head: text, args: "" }
    : { head: text.slice(0, space), args: text.slice(space + 1) };
}

/**
 * The commands of a line; none for an empty one.
 * @throws {LineError} nothing comes after `|` or `&&`
 */
export function parseLine(line: string, known: KnownCommands): readonly Pipeline[] {
  const text = line.replace(/[\r\n]+$/, "");
  const pipelines: Pipeline[] = [];
  let commands: CommandLine[] = [];
  let needsSuccess = false;
  let start = 0;
  let last: OperatorKind | undefined;
  const add = (part: string): void => {
    const command = parseCommandLine(part);
    if (command !== undefined) commands.push(command);
  };
  for (const { kind, at, end } of joiningOperators(text, known)) {
    add(withoutEnd(text.slice(start, at)));
    start = end;
    last = kind;
    if (kind === "|") continue;
    pipelines.push({ commands, needsSuccess });
    commands = [];
    needsSuccess = kind === "&&";
  }
  const rest = text.slice(start);
  if (last !== undefined && last !== ";" && rest.trim() === "") {
    throw new LineError(`nothing comes after '${last}'; quote it if it is meant as text`);
  }
  add(rest);
  if (commands.length > 0) pipelines.push({ commands, needsSuccess });
  return pipelines;
}

/** Without the blanks before an operator; one that has a backslash stays. */
function withoutEnd(part: string): string {
  const trimmed = part.trimEnd();
  const isEscaped = /(?:^|[^\\])(?:\\\\)*\\$/.test(trimmed);
  return isEscaped ? part.slice(0, trimmed.length + 1) : trimmed;
}

/** Those operators of a line that join two commands. */
export function joiningOperators(text: string, known: KnownCommands): readonly Operator[] {
  let start = 0;
  return findOperators(text).filter((operator) => {
    const head = firstWord(text.slice(start, operator.at));
    if (head === "") return false;
    const next = firstWord(text.slice(operator.end)).replace(/;$/, "");
    // After a script that takes words an operator is never a character, so a mistyped command is seen as one.
    if (!known.isCommand(next) && !known.takesWords(head)) return false;
    start = operator.end;
    return true;
  });
}

/** Everything that could be an operator: outside of quotes and brackets, with blanks around it. */
export function findOperators(text: string): readonly Operator[] {
  if (text.length > MAX_SEARCHED_LINE) return [];
  const operators: Operator[] = [];
  let unclosed = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === "\\") {
      at++;
    } else if (opensGroup(text, at) && unclosed < MAX_UNCLOSED) {
      const end = groupEnd(text, at);
      if (end === undefined) unclosed++;
      else at = end;
    } else {
      const kind = operatorAt(text, at);
      if (kind !== undefined) {
        operators.push({ kind, at, end: at + kind.length });
        at += kind.length - 1;
      }
    }
  }
  return operators;
}

function operatorAt(text: string, at: number): OperatorKind | undefined {
  const char = text[at];
  if (char === ";") return isBlank(text, at + 1) ? ";" : undefined;
  if (!isBlank(text, at - 1)) return undefined;
  if (char === "|") return isBlank(text, at + 1) ? "|" : undefined;
  return char === "&" && text[at + 1] === "&" && isBlank(text, at + 2) ? "&&" : undefined;
}

/** Also true before the start and behind the end. */
function isBlank(text: string, at: number): boolean {
  const char = text[at];
  return char === undefined || /\s/.test(char);
}

/** Quotes and brackets group, except behind a letter or digit: `don't`, `list[0]`. */
function opensGroup(text: string, at: number): boolean {
  return /['"{[]/.test(text[at]!) && !/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ");
}

/** Place of the last character of the group that starts here. */
function groupEnd(text: string, start: number): number | undefined {
  const open = text[start]!;
  if (open === "'" || open === '"') return quoteEnd(text, start);
  const waiting: string[] = [];
  for (let at = start; at < text.length; at++) {
    const char = text[at]!;
    const closing = CLOSING[char];
    if (closing !== undefined) waiting.push(closing);
    else if (char === '"') {
      const end = quoteEnd(text, at);
      if (end === undefined) return undefined;
      at = end;
    } else if (char === waiting.at(-1)) {
      waiting.pop();
      if (waiting.length === 0) return at;
    }
  }
  return undefined;
}

/** `'…'` ends at the next `'`; in `"…"` a backslash takes the character after it along. */
function quoteEnd(text: string, start: number): number | undefined {
  const quote = text[start]!;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === quote) return at;
    if (quote === '"' && text[at] === "\\") at++;
  }
  return undefined;
}

function firstWord(text: string): string {
  return /\S+/.exec(text)?.[0] ?? "";
}

export function toProcessId(text: string): ProcessId | undefined {
  try {
    return ProcessId.parse(text);
  } catch {
    return undefined;
  }
}

/** `'…'` groups; quotes are taken off. The tokenizer of `m` (§19.3). */
export function splitCall(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
}
