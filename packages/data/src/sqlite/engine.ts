/**
 * The SQL engine as the store sees it: the world `kinode:sqlite-engine/engine` (sqlite-engine/sqlite-engine.wit).
 * @module
 */
import type { Awaitable } from "@kinode-ts/types";

/** Numbers of the files of a database. */
export const FILE = { database: 0, journal: 1, log: 2 } as const;

/** What the engine does with the files of its database. Offsets and sizes in bytes. */
export interface EngineFiles {
  /** Whether a write has been refused because the owner's account is full; for whoever asks to set it back. */
  wasRefused: boolean;
  /** Fewer bytes at the end of the file; none inside it when the disk failed. */
  read(file: number, offset: number, length: number): Uint8Array;
  write(file: number, offset: number, bytes: Uint8Array): boolean;
  /** Giving much room back takes the operating system a while: the engine waits, nobody else. */
  truncate(file: number, size: number): Awaitable<boolean>;
  /** The engine waits, nobody else. */
  sync(file: number): Awaitable<boolean>;
  size(file: number): number;
  exists(file: number): boolean;
  /** Likewise. */
  delete(file: number): Awaitable<boolean>;
  /** Releases everything, once nothing is under way any more. */
  close(): Awaitable<void>;
}

/** Flags of `execute`. */
export const FLAG = { mayWrite: 1, wantsRows: 2, ofHost: 4 } as const;

export interface SqlEngine {
  open(): Promise<Uint8Array>;
  execute(flags: number, sql: string, parameters: Uint8Array): Promise<Uint8Array>;
  /** One statement for each set of parameters, up to the first that fails. @param sets - each with its length before it */
  executeEach(flags: number, sql: string, sets: Uint8Array): Promise<Uint8Array>;
  /** Of its memory, as far as it has been used; that never shrinks. */
  memoryBytes(): number;
  close(): Promise<void>;
  /** Ends it as it stands, also in the middle of a step: calls under way reject. */
  kill(): void;
}

/** Starts an engine for one database. `shouldStop` is asked while a statement runs. */
export type StartEngine = (files: EngineFiles, shouldStop: () => boolean) => Promise<SqlEngine>;
