/**
 * Writes components byte by byte, for what no tool would make.
 * @module
 */
import { ByteWriter } from "../../src/core-module/byte-writer.ts";

export type Write = (out: ByteWriter) => void;

export const CORE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
export const COMPONENT = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/** Ids of sections of a component. */
export const SECTION = {
  custom: 0,
  coreModule: 1,
  coreInstance: 2,
  coreType: 3,
  component: 4,
  instance: 5,
  alias: 6,
  type: 7,
  canon: 8,
  import: 10,
  export: 11,
} as const;

/** Ids of sections of a core module. */
export const CORE_SECTION = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
} as const;

export interface BinarySection {
  readonly id: number;
  readonly content: Uint8Array;
}

export function bytesOf(write: Write): Uint8Array {
  const out = new ByteWriter(1_024);
  write(out);
  return out.finish();
}

export const section = (id: number, write: Write): BinarySection => ({
  id,
  content: bytesOf(write),
});

export const binary = (preamble: readonly number[], ...sections: BinarySection[]): Uint8Array =>
  bytesOf((out) => {
    out.all(preamble);
    for (const { id, content } of sections) {
      out.byte(id);
      out.u32(content.length);
      out.range(content, 0, content.length);
    }
  });

export const component = (...sections: BinarySection[]): Uint8Array =>
  binary(COMPONENT, ...sections);
export const coreModule = (...sections: BinarySection[]): Uint8Array => binary(CORE, ...sections);
