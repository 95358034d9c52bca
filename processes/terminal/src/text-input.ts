/**
 * What a text command works on: files, or what is piped in.
 * @module
 */
import type { ScriptInput } from "@kinode-ts/stdlib/scripting";
import { ScriptFailure } from "@kinode-ts/stdlib/scripting";
import { file, metadata } from "@kinode-ts/stdlib/vfs";
import { doing } from "./vfs-failure.ts";
import { resolvePath } from "./vfs-path.ts";

/** Largest file a command reads, in bytes: it is in memory as a whole. */
export const MAX_READ_BYTES = 16 * 1024 * 1024;

export interface TextInput {
  /** As typed; empty for what was piped in. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Reads a whole file. @throws {ScriptFailure} why it cannot be read */
export async function readWhole(path: string): Promise<Uint8Array> {
  return await doing("read", path, async () => {
    const { file_type: type, len } = await metadata(path);
    if (type === "Directory") {
      throw new ScriptFailure(`cannot read ${path}: it is a folder; ls shows what is in it`);
    }
    if (len > MAX_READ_BYTES) {
      throw new ScriptFailure(
        `cannot read ${path}: it has ${len} bytes; commands read files of at most ${MAX_READ_BYTES}`,
      );
    }
    return await file(path).bytes();
  });
}

/** The named files, or what was piped in. @throws {ScriptFailure} neither, or a file cannot be read */
export async function readInputs(
  names: readonly string[],
  input: ScriptInput,
  usage: string,
): Promise<readonly TextInput[]> {
  if (names.length === 0) {
    if (!input.hasStdin) throw new ScriptFailure(`usage: ${usage}`, { status: 2 });
    const { stdin } = input;
    return [{ name: "", bytes: new TextEncoder().encode(stdin), text: stdin }];
  }
  return await Promise.all(
    names.map(async (name) => {
      const bytes = await readWhole(resolvePath(input.folder, name));
      return { name, bytes, text: new TextDecoder().decode(bytes) };
    }),
  );
}

/**
 * Lines without their ends, one at a time: all of a large file would be millions of texts. A line end at the very end
 * begins no further line.
 */
export function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    if (end < 0) return void (yield text.slice(start));
    yield text.slice(start, end);
    start = end + 1;
  }
}

/** The first lines, without the last line end. */
export function firstLines(text: string, count: number): string {
  let end = 0;
  for (let line = 0; line < count && end < text.length; line++) {
    const next = text.indexOf("\n", end);
    if (next < 0) return text;
    end = next + 1;
  }
  return text.slice(0, Math.max(end - 1, 0));
}

/** The last lines, without the last line end. */
export function lastLines(text: string, count: number): string {
  if (count <= 0) return "";
  const end = text.endsWith("\n") ? text.length - 1 : text.length;
  let start = end;
  /** Where the line before starts to be looked for; −1: there is none. */
  let before = end;
  for (let line = 0; line < count && before >= 0; line++) {
    before = before === 0 ? -1 : text.lastIndexOf("\n", before - 1);
    start = before + 1;
  }
  return text.slice(start, end);
}

/** Lines (the last one counts without a line end too), words between ASCII blanks, bytes. */
export function countText(bytes: Uint8Array): { lines: number; words: number; bytes: number } {
  let lines = 0;
  let words = 0;
  let inWord = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === 10) lines++;
    const isBlank = byte === 32 || (byte >= 9 && byte <= 13);
    if (!isBlank && !inWord) words++;
    inWord = !isBlank;
  }
  const isOpen = bytes.length > 0 && bytes.at(-1) !== 10;
  return { lines: lines + (isOpen ? 1 : 0), words, bytes: bytes.length };
}
