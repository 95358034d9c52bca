/**
 * The grammar of the command line.
 * Source: spec/packages-and-tools.md §19.1.
 * @module
 */
import { ProcessId } from "@kinode-ts/stdlib";

export interface CommandLine {
  readonly head: string;
  /** Everything after the first space, as typed. */
  readonly args: string;
}

/** `undefined` for an empty line. */
export function parseCommandLine(line: string): CommandLine | undefined {
  const text = line.replace(/[\r\n]+$/, "").trimStart();
  if (text === "") return undefined;
  const space = text.indexOf(" ");
  return space < 0
    ? { head: text, args: "" }
    : { head: text.slice(0, space), args: text.slice(space + 1) };
}

export function toProcessId(text: string): ProcessId | undefined {
  try {
    return ProcessId.parse(text);
  } catch {
    return undefined;
  }
}

/** `'…'` groups; quotes are taken off. The tokenizer of `m` (§19.3). */
export function splitWords(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
}
