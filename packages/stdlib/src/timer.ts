/**
 * Client of `timer:distro:sys`. The manifest must grant messaging to the timer, or its answers do not arrive.
 * Source: spec/runtime-modules.md §5, spec/packages-and-tools.md §25.7.
 * @module
 */
import { KinodeError, TIMER_PROCESS } from "@kinode-ts/types";
import { json } from "./body.ts";
import { dispatcher, host } from "./current.ts";
import type { Duration } from "./duration.ts";
import { toMilliseconds } from "./duration.ts";
import type { SendError } from "./errors.ts";
import type { OutgoingRequest } from "./exchange.ts";
import type { AbortSignalLike } from "./send.ts";
import { request, send } from "./send.ts";

const TIMER = `our@${TIMER_PROCESS}`;
const GRANT_HINT = `Grant messaging to "${TIMER_PROCESS}" in the manifest`;

type TimerFault = { readonly code: "NoAnswer"; readonly ms: number };

/** The timer did not answer. */
export class TimerError extends KinodeError<TimerFault> {
  override name = "TimerError";
  constructor(ms: number, cause: SendError) {
    super({ code: "NoAnswer", ms }, `The timer set for ${ms} ms did not answer`, {
      hint: GRANT_HINT,
      cause,
    });
  }
}

function setTimerRequest(ms: number): OutgoingRequest {
  return {
    target: TIMER,
    body: `{"SetTimer":${ms}}`,
    blob: undefined,
    inherit: false,
    metadata: undefined,
    capabilities: undefined,
  };
}

/** The timer's own allowance: the whole seconds of the delay and one more. */
function patience(ms: number): number {
  return Math.floor(ms / 1_000) + 1;
}

function wholeMs(duration: Duration): number {
  return Math.ceil(toMilliseconds(duration));
}

/**
 * Waits. Rejects with the signal's reason when it aborts, and with a `TimerError` when the timer may not answer us.
 */
export async function sleep(
  duration: Duration,
  options: { readonly signal?: AbortSignalLike | undefined } = {},
): Promise<void> {
  const ms = wholeMs(duration);
  const { signal } = options;
  try {
    await request(TIMER, `{"SetTimer":${ms}}`, { timeout: patience(ms) * 1_000, signal });
  } catch (thrown) {
    if (isSendError(thrown)) throw new TimerError(ms, thrown);
    throw thrown;
  }
}

function isSendError(thrown: unknown): thrown is SendError {
  return thrown instanceof Error && thrown.name === "SendError";
}

/** Asks for an empty response after the delay; it arrives in the inbox with the context. */
export async function setTimer(duration: Duration, context?: Uint8Array | string): Promise<void> {
  const ms = wholeMs(duration);
  await send(TIMER, `{"SetTimer":${ms}}`, { expectsResponse: patience(ms) * 1_000, context });
}

/** What `clearTimeout` takes. */
export interface TimeoutHandle {
  /** @internal */
  cancelled: boolean;
}

/** Runs a function once after at least `ms` milliseconds, like the web's function of this name. */
export function setTimeout(run: () => void, ms = 0): TimeoutHandle {
  const handle: TimeoutHandle = { cancelled: false };
  const delay = Math.max(0, Math.ceil(ms));
  const fire = (): void => {
    if (!handle.cancelled) run();
  };
  const late = (): void => {
    host().printToTerminal(1, `The timer set for ${delay} ms did not answer. ${GRANT_HINT}`);
    fire();
  };
  dispatcher().expect(setTimerRequest(delay), patience(delay), undefined, fire, late);
  return handle;
}

/** The function will not run. Does nothing when it has run. */
export function clearTimeout(handle: TimeoutHandle | undefined): void {
  if (handle !== undefined) handle.cancelled = true;
}

/** `debug` makes the timer print what is outstanding. */
export const timers = {
  debug: (): Promise<void> => send(TIMER, json("Debug")),
} as const;
