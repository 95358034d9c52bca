/**
 * Server-sent events: what happens in the node, for pages and `logs -f`.
 * @module
 */
import type { ControlEvent } from "@kinode-ts/types";
import type { ControlPowers } from "./control-powers.ts";

/** A comment line now and then, so that a connection that has gone is noticed. */
const KEEP_ALIVE_MS = 25_000;
/** A reader that does not read: above this many waiting messages it is cut off. */
const MAX_WAITING = 1_000;

type Send = (data: string) => void;

function stream(
  powers: ControlPowers,
  open: (send: Send) => () => void,
  signal: AbortSignal,
): Response {
  const encoder = new TextEncoder();
  let stop = (): void => {};
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (text: string): void => {
          // Told once more after it was closed: nothing to do.
          if (controller.desiredSize === null) return;
          if (controller.desiredSize < -MAX_WAITING) return end();
          controller.enqueue(encoder.encode(text));
        };
        let alive = powers.clock.after(KEEP_ALIVE_MS, function again() {
          write(": alive\n\n");
          alive = powers.clock.after(KEEP_ALIVE_MS, again);
        });
        const close = open((data) => write(`data: ${data}\n\n`));
        stop = () => {
          alive.cancel();
          close();
          stop = () => {};
        };
        const end = (): void => {
          stop();
          controller.close();
        };
        signal.addEventListener("abort", () => stop());
        write(": open\n\n");
      },
      cancel: () => stop(),
    },
    { highWaterMark: 16 },
  );
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

export function eventStream(powers: ControlPowers, signal: AbortSignal): Response {
  const open = (send: Send): (() => void) => {
    const tell = (event: ControlEvent): void => send(JSON.stringify(event));
    const stops = [
      powers.kernel.subscribe((event) => {
        if (event.kind === "capabilities-changed") tell(event);
        else tell({ kind: event.kind, process: event.process });
      }),
      powers.installer.subscribe(() => tell({ kind: "apps-changed" })),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  };
  return stream(powers, open, signal);
}

export function logStream(powers: ControlPowers, signal: AbortSignal): Response {
  const open = (send: Send) => powers.printer.subscribe((line) => send(JSON.stringify(line)));
  return stream(powers, open, signal);
}
