/**
 * The SQL engine as the store sees it: the world `kinode:sqlite-engine/engine` (sqlite-engine/sqlite-engine.wit).
 * @module
 */

/** What the engine does with the files of its database: 0 the database, 1 its journal, 2 its log. Offsets and sizes in bytes. */
export interface EngineFiles {
  /** Fewer bytes at the end of the file; none inside it when the disk failed. */
  read(file: number, offset: number, length: number): Uint8Array;
  write(file: number, offset: number, bytes: Uint8Array): boolean;
  truncate(file: number, size: number): boolean;
  sync(file: number): boolean;
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
  close(): Promise<void>;
}

/** Starts an engine for one database. `shouldStop` is asked while a statement runs. */
export type StartEngine = (files: EngineFiles, shouldStop: () => boolean) => Promise<SqlEngine>;
