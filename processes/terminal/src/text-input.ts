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

/** Lines without their ends; a line end at the very end begins no further line. */
export function linesOf(text: string): string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}
