/**
 * A process by declaration: its state, pages, web sockets, and the calls of other processes.
 * Source: spec/packages-and-tools.md §25.11.
 * @module
 */
import type { ProcessDefinition } from "../define.ts";
import { defineProcess as defineBody } from "../define.ts";
import { atEnd } from "../end-tasks.ts";
import { homepage } from "../homepage.ts";
import type { HttpServer } from "../http/server.ts";
import { createHttpServer } from "../http/server.ts";
import type { IncomingRequest } from "../message.ts";
import { our, serve } from "../send.ts";
import type { CallHandler, Surroundings } from "./app-calls.ts";
import { chained, isPromise } from "./chained.ts";
import { handleCalls } from "./app-calls.ts";
import type { Page, Route, Socket } from "./app-routes.ts";
import { pageHandler, routesOf } from "./app-routes.ts";
import type { StateOptions } from "./app-state.ts";
import { checkStateOptions, LiveState } from "./app-state.ts";
import type { CallContext, Handling, ProcessContext } from "./context.ts";

/** A process; every part may be left out. */
export interface ProcessParts<S> {
  readonly state?: StateOptions<S> | undefined;
  /** By method and path: `"GET /notes/:id"`, or `"/notes"` for all methods. Paths are as in `HttpServer.bind`. */
  readonly http?: Readonly<Record<string, Page<S>>> | undefined;
  /** Web sockets by path. */
  readonly ws?: Readonly<Record<string, Socket<S>>> | undefined;
  /** Calls of processes of this node. */
  readonly local?: Readonly<Record<string, CallHandler<S>>> | undefined;
  /** Calls of processes of other nodes; the manifest must have `request_networking`. */
  readonly remote?: Readonly<Record<string, CallHandler<S>>> | undefined;
  /** Runs when the state is there and the paths are bound, before the first message is handled. */
  readonly init?: ((context: ProcessContext<S>) => void | Promise<void>) | undefined;
}

/**
 * Declares the process of this bundle: loads its state, binds its paths, runs `init`, and serves until `stopServing`.
 * Handlers get the state to read and change; many may be at work at once, and what one changes the others see. The state is
 * kept as `state.save` says, also when a handler fails.
 *
 * The process ends with a `StateError`, an `HttpServerError`, or what `init` throws, when it cannot start.
 * @throws {TypeError | RangeError} a route, version or policy that is none
 */
export function defineProcess<S = undefined>(parts: ProcessParts<S>): ProcessDefinition {
  const routes = routesOf(parts.http ?? {});
  if (parts.state !== undefined) checkStateOptions(parts.state);
  return defineBody(() => run(parts, routes));
}

async function run<S>(parts: ProcessParts<S>, routes: readonly Route<S>[]): Promise<void> {
  const live = parts.state && (await LiveState.load(parts.state));
  if (live !== undefined) atEnd(() => live.ended());
  const work = new Work(() => live?.handled());
  const { handling } = work;
  const context = contextOf(live);
  for (const route of routes) {
    await context.server.bind(route.path, route.binding, pageHandler(route, context, handling));
  }
  for (const [path, socket] of Object.entries(parts.ws ?? {})) {
    await bindSocket(path, socket, context, handling);
  }
  await handling(() => parts.init?.(context));
  const around: Surroundings<S> = {
    contextOf: (message) => callContext(context, message),
    handling,
  };
  const local = handleCalls(parts.local ?? {}, around);
  const remote = handleCalls(parts.remote ?? {}, around);
  await serve((message) => (message.isLocal ? local(message) : remote(message)));
  await work.settled();
}

/** Handlers that are at work. */
class Work {
  readonly #handled: () => void | Promise<void>;
  readonly #running = new Set<Promise<unknown>>();

  /** @param handled - called when a handler is done, whether it failed or not */
  constructor(handled: () => void | Promise<void>) {
    this.#handled = handled;
  }

  readonly handling: Handling = (run) => {
    const done = chained(
      run,
      (value) => chained(this.#handled, () => value, rethrow),
      (thrown) => chained(this.#handled, () => rethrow(thrown), rethrow),
    );
    if (isPromise(done)) this.#add(done);
    return done;
  };

  #add(running: Promise<unknown>): void {
    this.#running.add(running);
    const over = (): void => void this.#running.delete(running);
    running.then(over, over);
  }

  /** Settles when none is at work and their answers have been given. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    for (let turn = 0; turn < TURNS_TO_ANSWER; turn++) await TURN;
  }
}

function rethrow(thrown: unknown): never {
  throw thrown;
}

/** Microtask turns from the end of a handler to its answer: a few promises are in between. */
const TURNS_TO_ANSWER = 12;
const TURN = Promise.resolve();

function contextOf<S>(live: LiveState<S> | undefined): ProcessContext<S> {
  let server: HttpServer | undefined;
  return {
    our: our(),
    get state() {
      return live?.value as S;
    },
    set state(value: S) {
      if (live === undefined) throw new TypeError("This process declares no state");
      live.value = value;
    },
    save: async () => await live?.save(),
    get server() {
      return (server ??= createHttpServer());
    },
    homepage,
  };
}

function callContext<S>(context: ProcessContext<S>, message: IncomingRequest): CallContext<S> {
  return Object.create(context, { message: { value: message } }) as CallContext<S>;
}

async function bindSocket<S>(
  path: string,
  socket: Socket<S>,
  context: ProcessContext<S>,
  handling: Handling,
): Promise<void> {
  const { open, message, close, ...binding } = socket;
  await context.server.ws(path, binding, {
    open: (channel) => handling(() => open?.(channel, context.state, context)),
    message: (channel, frame) => handling(() => message?.(channel, frame, context.state, context)),
    close: (channel) => handling(() => close?.(channel, context.state, context)),
  });
}
