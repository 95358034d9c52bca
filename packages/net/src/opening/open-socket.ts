/**
 * Opens a socket within a time; one that opens later is closed.
 * @module
 */
import type { Clock } from "@kinode-ts/types";
import type { Protocol } from "../identity/known-nodes.ts";
import type { Socket, Transport } from "../transport.ts";

/** Time for one of several addresses: the next one is tried then. */
export const ONE_OF_SEVERAL_MS = 1_500;

/** @throws {Error} it cannot be opened, or not in time */
export function openSocket(
  transport: Transport,
  clock: Clock,
  to: { readonly protocol: Protocol; readonly host: string; readonly port: number },
  timeoutMs: number,
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  let isLate = false;
  const timer = clock.after(timeoutMs, () => {
    isLate = true;
    reject(new Error("nothing answered in time"));
  });
  transport.dial(to.protocol, to.host, to.port).then(
    (socket) => {
      timer.cancel();
      if (isLate) socket.close();
      else resolve(socket);
    },
    (error: Error) => {
      timer.cancel();
      reject(error);
    },
  );
  return promise;
}
