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
  truncate(file: number, size: number): boolean;
  /** The engine waits, nobody else. */
  sync(file: number): Awaitable<boolean>;
  size(file: number): number;
  exists(file: number): boolean;
  delete(file: number): boolean;
  /** Releases everything. */
  close(): void;
}

/** Flags of `execute`. */
export const FLAG = { mayWrite: 1, wantsRows: 2, ofHost: 4 } as const;

export interface SqlEngine {
  open(): Promise<Uint8Array>;
  execute(flags: number, sql: string, parameters: Uint8Array): Promise<Uint8Array>;
  /** One statement for each set of parameters, up to the first that fails. @param sets - each with its length before it */
  executeEach(flags: number, sql: string, sets: Uint8Array): Promise<Uint8Array>;
  /** Of its linear memory, which never shrinks. */
  memoryBytes(): number;
  close(): Promise<void>;
}

/** Starts an engine for one database. `shouldStop` is asked while a statement runs. */
export type StartEngine = (files: EngineFiles, shouldStop: () => boolean) => Promise<SqlEngine>;
