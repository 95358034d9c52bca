/**
 * What the functions of a declared process are given besides their arguments.
 * @module
 */
import type { Address } from "../address.ts";
import type { homepage } from "../homepage.ts";
import type { HttpServer } from "../http/server.ts";
import type { IncomingRequest } from "../message.ts";

/** The process around its functions. */
export interface ProcessContext<S> {
  readonly our: Address;
  /** The state, as it is now. Change what is in it, or assign another one. */
  state: S;
  /** Writes the state now, whatever its policy; settles when it is on disk. */
  save(): Promise<void>;
  /** For what the declaration has no word for: folders, files, broadcasts. */
  readonly server: HttpServer;
  readonly homepage: typeof homepage;
}

/** The same for a call, with the request that made it. */
export interface CallContext<S> extends ProcessContext<S> {
  readonly message: IncomingRequest;
}

/** Runs a handler, and keeps the state when it is done. */
export type Handling = <T>(run: () => T | Promise<T>) => T | Promise<T>;
