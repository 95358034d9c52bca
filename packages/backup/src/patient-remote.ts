/**
 * A remote with patience, and an end to it: every call has a deadline, passing faults are tried again.
 * @module
 */
import {
  type BackupCallOptions,
  type BackupObject,
  type BackupRemote,
  type Clock,
  errorText,
  KinodeError,
} from "@kinode-ts/types";
import { assertNotCancelled, BackupError } from "./errors.ts";

export interface PatienceOptions {
  readonly clock: Clock;
  /** After this a call is given up and tried again. A pack must have arrived by then. Default 2 minutes. */
  readonly deadlineMs?: number;
  /** How often a call is tried. Default 4. */
  readonly attemptCount?: number;
  /** The pause before the second attempt; it doubles each time. Default 1 s. */
  readonly pauseMs?: number;
}

/** Trying again does not cure these. */
const LASTING = new Set(["backup.remote-full", "backup.remote-refused", "backup.bad-argument"]);

/** Every call ends: with an answer, with the remote's own lasting fault, or with `backup.remote-unreachable`. */
export function withPatience(remote: BackupRemote, options: PatienceOptions): BackupRemote {
  const { clock, deadlineMs = 120_000, attemptCount = 4, pauseMs = 1_000 } = options;

  const attempt = <T>(
    run: (options: BackupCallOptions) => Promise<T>,
    outer: AbortSignal | undefined,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const control = new AbortController();
      const release = (): void => {
        timer.cancel();
        outer?.removeEventListener("abort", onAbort);
      };
      // What is given up may never answer, and must keep nothing.
      const giveUp = (error: Error): void => {
        release();
        control.abort(error);
        reject(error);
      };
      const onAbort = (): void => giveUp(outer?.reason as Error);
      const late = (): void => giveUp(new Error(`no answer for ${deadlineMs} ms`));
      const timer = clock.after(deadlineMs, late);
      outer?.addEventListener("abort", onAbort);
      run({ signal: control.signal }).then(resolve, reject).finally(release);
    });

  const call = async <T>(
    operation: string,
    outer: AbortSignal | undefined,
    run: (options: BackupCallOptions) => Promise<T>,
  ): Promise<T> => {
    for (let count = 1; ; count++) {
      assertNotCancelled(outer, operation);
      try {
        return await attempt(run, outer);
      } catch (error) {
        assertNotCancelled(outer, operation);
        if (error instanceof KinodeError && LASTING.has(String(error.code))) throw error;
        if (count >= attemptCount) {
          const fault = { code: "backup.remote-unreachable", remote: remote.label } as const;
          throw new BackupError({ ...fault, operation, why: errorText(error) }, { cause: error });
        }
        await pause(clock, pauseMs * 2 ** (count - 1), outer);
      }
    }
  };

  return {
    label: remote.label,
    async *list(kind, { signal } = {}) {
      // A list that breaks off is taken again from the start.
      yield* await call("list", signal, async (own) => {
        const objects: BackupObject[] = [];
        for await (const object of remote.list(kind, own)) {
          if (own.signal?.aborted === true) break;
          objects.push(object);
        }
        return objects;
      });
    },
    stat: (kind, name, { signal } = {}) =>
      call("stat", signal, (own) => remote.stat(kind, name, own)),
    get: (kind, name, range, { signal } = {}) =>
      call("get", signal, (own) => remote.get(kind, name, range, own)),
    put: (kind, name, bytes, { signal } = {}) =>
      call("put", signal, (own) => remote.put(kind, name, bytes, own)),
    delete: (kind, name, { signal } = {}) =>
      call("delete", signal, (own) => remote.delete(kind, name, own)),
  };
}

/** Ends early when the caller does not want to wait any more. */
function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, done);
    function done(): void {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
}
