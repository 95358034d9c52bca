import { expect, setDefaultTimeout, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import type { DirectHost } from "@kinode-ts/testing/direct-link";
import type { Request, Response } from "@kinode-ts/types";
import { runThroughJco } from "./jco-guest.ts";
import { LIMITS, address, load, until } from "./run-guest.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(30_000);

const text = new TextEncoder();

/** What is delivered to the guest, and how many calls it makes in answer before it is done. */
interface Scenario {
  readonly deliver?: (host: DirectHost) => void;
  readonly calls: number;
}

const capability = { issuer: address("issuer"), params: '"messaging"' };
const blob = { mime: "text/plain", bytes: text.encode("blob ".repeat(20)) };
const full: Partial<Request> = {
  metadata: "métadonnées",
  capabilities: [capability, capability],
  inherit: true,
  expectsResponse: 2 ** 40,
};
const request: Request = {
  kind: "request",
  inherit: false,
  expectsResponse: undefined,
  body: text.encode("asked"),
  metadata: undefined,
  capabilities: [],
};
const response: Response = {
  kind: "response",
  inherit: true,
  body: new Uint8Array(0),
  metadata: "",
  capabilities: [capability],
};
const count = (value: number): Uint8Array => new Uint8Array([value, 0, 0, 0]);

/**
 * Not here: "print-bad-utf8". jco decodes bad UTF-8 with replacement characters; the canonical ABI says it traps, and
 * so it does with ours (hostile.test.ts).
 */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  returns: { calls: 0 },
  "read-state": { calls: 1, deliver: (host) => (host.state = text.encode("kept")) },
  mirror: {
    calls: 3,
    deliver(host) {
      host.request(address("a"), text.encode("x".repeat(1_000)), full, blob);
      host.request(address("bé"), new Uint8Array(0), {});
      host.request(address("a"), text.encode("{}"), full, {
        mime: undefined,
        bytes: new Uint8Array(0),
      });
    },
  },
  echo: {
    calls: 4,
    deliver(host) {
      host.deliver({
        kind: "message",
        source: address("b"),
        message: response,
        context: text.encode("context"),
      });
      host.deliver({
        kind: "message",
        source: address("b"),
        message: response,
        context: undefined,
      });
      host.deliver({
        kind: "send-error",
        error: { kind: "offline", target: address("c"), message: request, blob },
        context: text.encode("c"),
      });
      host.request(address("a"), new Uint8Array(3), full);
    },
  },
  indirect: { calls: 1, deliver: (host) => host.request(address("a"), new Uint8Array(3)) },
  sender: { calls: 6, deliver: (host) => host.request(address("a"), count(5)) },
  receiver: {
    calls: 1,
    deliver(host) {
      host.request(address("a"), count(1), { expectsResponse: undefined });
      host.request(address("a"), count(1));
    },
  },
  ping: {
    calls: 4,
    deliver(host) {
      host.onRequest = () =>
        queueMicrotask(() =>
          host.answerAwaited({
            kind: "message",
            source: address("echo"),
            message: response,
            context: undefined,
          }),
        );
      host.request(address("a"), count(3));
    },
  },
  "realloc-grows": { calls: 1, deliver: (host) => host.request(address("a"), text.encode("grow")) },
  "realloc-outside": {
    calls: 0,
    deliver: (host) => host.request(address("a"), text.encode("grow")),
  },
  "print-outside": { calls: 0 },
  "print-huge": { calls: 0 },
  // without a message jco waits where ours has checked the address already
  "receive-outside": { calls: 0, deliver: (host) => host.request(address("a"), text.encode("x")) },
  "list-huge": { calls: 0 },
  "deep-recursion": { calls: 0 },
};

const newHost = (name: string): DirectHost => new DirectLink().createHost(address(name), true);

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`${name}: the same calls, answers and ending as through jco`, async () => {
    const theirs = newHost(name);
    scenario.deliver?.(theirs);
    const jco = await runThroughJco(name, theirs);
    let theirEnding: string = "waiting";
    void jco.ended.then((ending) => (theirEnding = ending));
    const ours = newHost(name);
    scenario.deliver?.(ours);
    const process = (await load(name)).start(ours, LIMITS);
    let ourEnding: string = "waiting";
    void process.ended.then((ending) => (ourEnding = ending.kind));
    const done = (host: DirectHost, ending: string): boolean =>
      host.calls.length >= scenario.calls && (host.parked || ending !== "waiting");
    await until(() => done(theirs, theirEnding) && done(ours, ourEnding));
    expect(ourEnding).toBe(theirEnding);
    expect(ours.calls).toEqual(theirs.calls);
    expect(ours.calls.length).toBe(scenario.calls);
    expect(ours.responses).toEqual(theirs.responses);
    process.kill();
  });
}
