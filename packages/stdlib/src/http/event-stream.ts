/**
 * Server-sent events: an answer that stays open and carries events to a page's `EventSource`.
 * Source: HTML Standard §9.2 (WHATWG).
 * @module
 */
import type { Duration } from "../duration.ts";
import { stringifyJson } from "../json.ts";
import { sleep } from "../timer.ts";
import { Response } from "./web.ts";
import type { Request } from "./web.ts";

/** One event for a page. */
export interface ServerEvent {
  /** Text as it is, anything else as JSON. */
  readonly data: unknown;
  /** Default: `message`. */
  readonly event?: string | undefined;
  /** What the page sends as `Last-Event-ID` when it connects again. */
  readonly id?: string | undefined;
  /** How long the page waits before it connects again. */
  readonly retryMs?: number | undefined;
}

/** The open stream of one page. */
export interface EventSink {
  /** The last event that the page saw before it connected again. */
  readonly lastEventId: string | undefined;
  readonly isOpen: boolean;
  /** Settles when the page has gone or the stream was closed. */
  readonly closed: Promise<void>;
  /**
   * Sends one event; settles when there is room for the next. False when the page has gone: nobody needs to know, as
   * it comes again with `lastEventId`.
   */
  send(event: ServerEvent | string): Promise<boolean>;
  /** Ends the stream. The page connects again unless it closes its `EventSource`. */
  close(): void;
}

/** Options of `eventStream`. */
export interface EventStreamOptions {
  /** A comment is sent after this long without event, so that proxies keep the connection. Default `"15s"`. */
  readonly keepAlive?: Duration | undefined;
  /** Response headers in addition. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Answers a request with events. `run` may return at once and keep the sink for later, or send and return a promise;
 * the stream stays open until `close`, the page's leaving, or a failure of `run`.
 */
export function eventStream(
  request: Request,
  run: (events: EventSink) => void | Promise<void>,
  options: EventStreamOptions = {},
): Response {
  const sink = new Sink(request.headers.get("last-event-id") ?? undefined);
  const headers = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    // Asks nginx not to collect events before it passes them on.
    "x-accel-buffering": "no",
    ...options.headers,
  };
  return new Response(sink.body(run, options.keepAlive ?? "15s"), { headers });
}

interface Waiting {
  readonly text: string;
  readonly taken: (isOpen: boolean) => void;
}

/** Events that nobody waits for are dropped with the page above this: it is too slow for them. */
const MAX_WAITING = 1_024;

class Sink implements EventSink {
  readonly lastEventId: string | undefined;
  readonly closed: Promise<void>;
  readonly #waiting: Waiting[] = [];
  #wake: (() => void) | undefined = undefined;
  #state: "open" | "closing" | "closed" = "open";
  #failure: { readonly thrown: unknown } | undefined = undefined;
  #settleClosed!: () => void;

  constructor(lastEventId: string | undefined) {
    this.lastEventId = lastEventId;
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  send(event: ServerEvent | string): Promise<boolean> {
    if (this.#state !== "open") return Promise.resolve(false);
    if (this.#waiting.length >= MAX_WAITING) {
      this.#end();
      return Promise.resolve(false);
    }
    const text = eventText(typeof event === "string" ? { data: event } : event);
    return new Promise((taken) => {
      this.#waiting.push({ text, taken });
      this.#wake?.();
    });
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#wake?.();
  }

  /** The body. A generator alone would not hear of the page's leaving while it waits for an event. */
  body(
    run: (events: EventSink) => void | Promise<void>,
    keepAlive: Duration,
  ): AsyncIterable<string> {
    const parts = this.#parts(run, keepAlive);
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => parts.next(),
        return: () => {
          this.#end();
          return parts.return();
        },
      }),
    };
  }

  async *#parts(
    run: (events: EventSink) => void | Promise<void>,
    keepAlive: Duration,
  ): AsyncGenerator<string, void, undefined> {
    try {
      // The first part sends the head: the page knows that it is connected.
      yield ": connected\n\n";
      this.#start(run);
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure.thrown;
        const next = this.#waiting.shift();
        if (next !== undefined) {
          yield next.text;
          // Asked for the next part: this one was taken.
          next.taken(true);
        } else if (this.#state !== "open") return;
        else if (!(await this.#happens(keepAlive))) yield ": still here\n\n";
      }
    } finally {
      this.#end();
    }
  }

  #start(run: (events: EventSink) => void | Promise<void>): void {
    void (async () => {
      try {
        await run(this);
      } catch (thrown) {
        this.#failure = { thrown };
        this.#wake?.();
      }
    })();
  }

  /** False when nothing happened for so long. */
  async #happens(keepAlive: Duration): Promise<boolean> {
    const event = new Promise<true>((resolve) => (this.#wake = () => resolve(true)));
    const quiet = sleep(keepAlive).then(
      () => false,
      // Without a timer there are no signs of life, which few pages miss.
      () => new Promise<never>(() => {}),
    );
    try {
      return await Promise.race([event, quiet, this.closed.then(() => true)]);
    } finally {
      this.#wake = undefined;
    }
  }

  #end(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const { taken } of this.#waiting.splice(0)) taken(false);
    this.#settleClosed();
  }
}

/** A line break inside a field would begin another field, or another event. */
function eventText({ data, event, id, retryMs }: ServerEvent): string {
  const text = typeof data === "string" ? data : stringifyJson(data);
  let out = "";
  if (event !== undefined) out += `event: ${oneLine(event)}\n`;
  if (id !== undefined) out += `id: ${oneLine(id).replaceAll("\0", "")}\n`;
  if (retryMs !== undefined) out += `retry: ${Math.max(0, Math.round(retryMs))}\n`;
  for (const line of text.split(/\r\n|\r|\n/)) out += `data: ${line}\n`;
  return `${out}\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}
