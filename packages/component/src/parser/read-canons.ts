/**
 * Reads canonical functions: lifted, lowered, and those of resources.
 * @module
 */
import type { ByteReader } from "../byte-reader.ts";
import type { CanonOptions } from "../component-structure.ts";
import { CORE_SORT, SORT } from "../component-structure.ts";
import type { Spaces } from "./spaces.ts";
import { unsupported } from "./unsupported.ts";

const RESOURCE = { 2: "new", 3: "drop", 4: "rep" } as const;

function readOptions(reader: ByteReader, spaces: Spaces): CanonOptions {
  let encoding: CanonOptions["encoding"] = "utf8";
  let memory: number | undefined;
  let realloc: number | undefined;
  let postReturn: number | undefined;
  let isAsync = false;
  for (let left = spaces.budget.count(reader, "options"); left > 0; left--) {
    const option = reader.byte();
    if (option === 0) encoding = "utf8";
    else if (option === 1) encoding = "utf16";
    else if (option === 2) encoding = "latin1+utf16";
    else if (option === 3) memory = spaces.core(reader, CORE_SORT.memory);
    else if (option === 4) realloc = spaces.core(reader, CORE_SORT.func);
    else if (option === 5) postReturn = spaces.core(reader, CORE_SORT.func);
    else if (option === 6) isAsync = true;
    else if (option === 7) spaces.core(reader, CORE_SORT.func);
    else reader.fail(`unknown canonical option ${option}`, reader.at - 1);
  }
  return { encoding, memory, realloc, postReturn, async: isAsync };
}

/** Reads one canonical function into its space. */
export function readCanon(reader: ByteReader, spaces: Spaces): void {
  const kind = reader.byte();
  if (kind === 0 || kind === 1) {
    if (reader.byte() !== 0) reader.fail("unknown canonical form", reader.at - 1);
    if (kind === 0) {
      const coreFunc = spaces.core(reader, CORE_SORT.func);
      const options = readOptions(reader, spaces);
      spaces.add("funcs", { kind: "lift", coreFunc, options, type: spaces.type(reader) });
    } else {
      const func = spaces.index(reader, SORT.func);
      spaces.add("coreFuncs", { kind: "lower", func, options: readOptions(reader, spaces) });
    }
  } else if (kind === 2 || kind === 3 || kind === 4) {
    const type = spaces.type(reader);
    spaces.add("coreFuncs", { kind: "resource", what: RESOURCE[kind], type });
  } else unsupported(`canonical function ${kind} (asynchronous components)`);
}
