/**
 * `native/backup.c` in WebAssembly: each instance is for one thread and one polynomial.
 * @module
 */
import { NATIVE_WASM } from "./native-module.ts";

/** Bytes that fit into `input` at once; a multiple of 16. */
export const INPUT_BYTES = 262_144;

interface Exports {
  readonly memory: WebAssembly.Memory;
  input(): number;
  key(): number;
  state(): number;
  stateBytes(): number;
  prepare(polynomial: bigint): void;
  startChunk(): void;
  cut(from: number, length: number): number;
  macStart(): void;
  macUpdate(from: number, length: number): void;
  macFinish(): void;
}

export interface Native extends Exports {
  /** The places of `input`, `key` and `state` as views. */
  readonly inputView: Uint8Array;
  readonly keyView: Uint8Array;
  readonly stateView: Uint8Array;
}

let program: WebAssembly.Module | undefined;

export function createNative(): Native {
  program ??= new WebAssembly.Module(Uint8Array.fromBase64(NATIVE_WASM));
  const exports = new WebAssembly.Instance(program).exports as unknown as Exports;
  const memory = new Uint8Array(exports.memory.buffer);
  const view = (at: number, length: number): Uint8Array => memory.subarray(at, at + length);
  return {
    ...exports,
    inputView: view(exports.input(), INPUT_BYTES),
    keyView: view(exports.key(), 32),
    stateView: view(exports.state(), exports.stateBytes()),
  };
}
