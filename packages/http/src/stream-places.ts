/**
 * Bodies in parts take long, and a process may read or write only so many at a time: half of them are for strangers that have
 * few, so that one of them cannot keep everybody else from uploading, or from a page with events.
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";
import type { LoginTokens } from "./login-tokens.ts";
import type { Client } from "./request-client.ts";
import { type BodyRoom, SharedRoom } from "./shared-room.ts";
import { networkOfClient } from "./waiting-shares.ts";

export class StreamPlaces {
  readonly #tokens: Pick<LoginTokens, "isLoggedIn">;
  readonly #maxPerProcess: number;
  readonly #rooms = new Map<ProcessId, SharedRoom<string>>();

  constructor(tokens: Pick<LoginTokens, "isLoggedIn">, maxPerProcess: number) {
    this.#tokens = tokens;
    this.#maxPerProcess = maxPerProcess;
  }

  /** A place for one body of a process; `undefined` when the client has too many. */
  open(process: ProcessId, client: Client | undefined): BodyRoom | undefined {
    const room = this.#rooms.get(process) ?? new SharedRoom<string>(this.#maxPerProcess);
    this.#rooms.set(process, room);
    const place = room.open(client && this.#strangerOf(client));
    return place.take(1) ? place : undefined;
  }

  processEnded(process: ProcessId): void {
    this.#rooms.delete(process);
  }

  #strangerOf(client: Client): string | undefined {
    const network = networkOfClient(client);
    if (network === undefined) return undefined;
    const cookie = client.request.headers.get("cookie");
    return this.#tokens.isLoggedIn(cookie, null) ? undefined : network;
  }
}
