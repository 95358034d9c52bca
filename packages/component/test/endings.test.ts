import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { createVirtualClock } from "@kinode-ts/testing";
import type { Delivery } from "@kinode-ts/types";
import { ProcessFault } from "@kinode-ts/types";
import { address, killAndTime, runGuest as runOnAnyPath, until } from "./run-guest.ts";
import type { RunOptions } from "./run-guest.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const text = new TextEncoder();

const PATHS: readonly (readonly [string, Partial<RunOptions>])[] = [
  ["the main module alone", {}],
  ["all modules as they are wired", { path: "general" }],
];

describe.each(PATHS)("%s", (_name, way) => {
  const runGuest = (name: string, given: RunOptions = {}) =>
    runOnAnyPath(name, { ...given, ...way });

  test("a process whose init returns has returned", async () => {
    const { ended } = await runGuest("returns");
    expect(await ended).toEqual({ kind: "returned" });
  });

  test("start runs nothing of the process before its caller has it", async () => {
    const guest = await runGuest("read-state");
    expect(guest.host.lines).toEqual([]);
    await guest.ended;
    expect(guest.host.lines).toEqual(["none"]);
  });

  test("a call of exit ends a process as an error, also with code 0", async () => {
    expect(await (await runGuest("exit-0")).ended).toEqual({
      kind: "trapped",
      reason: "it called exit with code 0",
      stderr: "",
    });
    expect(await (await runGuest("exit-3")).ended).toEqual({
      kind: "trapped",
      // adapters to WASI 0.2 tell only whether it went well
      reason: `it called exit with code ${way.path === "general" ? 1 : 3}`,
      stderr: "bye",
    });
  });

  test("10 kB on standard error do not end a process, and the newest 5,000 bytes come with its trap", async () => {
    const ending = await (await runGuest("stderr-trap")).ended;
    if (ending.kind !== "trapped") throw new Error(`ended as ${ending.kind}`);
    expect(ending.reason).toBe("it executed an unreachable instruction (a panic or an abort)");
    expect(ending.stderr.length).toBe(5_000);
    const lines = ending.stderr.trimEnd().split("\n");
    expect(lines.length).toBe(50);
    // 100 lines counted down from 100; the last 50 are those of 50 … 1
    expect(lines.map((line) => line[0]!.charCodeAt(0) - 65)).toEqual(
      Array.from({ length: 50 }, (_, i) => (50 - i) % 26),
    );
  });

  test("deep recursion ends a process with a text that says so", async () => {
    const ending = await (await runGuest("deep-recursion")).ended;
    expect(ending).toEqual({
      kind: "trapped",
      reason: "it ran out of stack: its functions call each other too deeply",
      stderr: "",
    });
  });

  test("a fault thrown by the host traps the process with the fault's text", async () => {
    const guest = await runGuest("print-flood", {
      prepare: (host) => {
        host.print = () => {
          throw new ProcessFault("printing is not for you");
        };
      },
    });
    expect(await guest.ended).toEqual({
      kind: "trapped",
      reason: "printing is not for you",
      stderr: "",
    });
  });

  test("a fault out of a promise traps the process", async () => {
    const guest = await runGuest("read-state", {
      prepare: (host) => {
        host.getState = () => Promise.reject(new ProcessFault("the disk is gone"));
      },
    });
    expect(await guest.ended).toEqual({ kind: "trapped", reason: "the disk is gone", stderr: "" });
  });

  test("an error of the node itself ends only the process", async () => {
    const guest = await runGuest("read-state", {
      prepare: (host) => {
        host.getState = () => {
          throw new TypeError("a mistake of ours");
        };
      },
    });
    expect(await guest.ended).toMatchObject({
      kind: "trapped",
      reason: "it failed: a mistake of ours",
    });
  });

  test("a handler for everything cannot hold a faulted process back", async () => {
    const guest = await runGuest("endless-catch", {
      prepare: (host) => {
        host.poll = () => {
          throw new ProcessFault("no more messages for you");
        };
      },
    });
    expect(await guest.ended).toMatchObject({
      kind: "trapped",
      reason: "no more messages for you",
    });
  });

  test("a process that waits is killed at once", async () => {
    const guest = await runGuest("echo");
    await until(() => guest.host.parked);
    expect(await killAndTime(guest)).toBeLessThan(250);
    expect(await guest.ended).toEqual({ kind: "killed" });
  });

  test("a process that waits is killed by the scheduler's wake when its host says so", async () => {
    const guest = await runGuest("echo");
    await until(() => guest.host.parked);
    guest.host.killed = true;
    guest.host.wakeNow();
    expect(await guest.ended).toEqual({ kind: "killed" });
  });

  test("a killed process receives nothing more", async () => {
    const guest = await runGuest("echo");
    await until(() => guest.host.parked);
    guest.host.request(address("x"), text.encode("hello"));
    guest.process.kill();
    await guest.ended;
    expect(guest.host.responses.length).toBeLessThanOrEqual(1);
    guest.host.request(address("x"), text.encode("again"));
    await until(() => true);
    expect(guest.host.waitingCount).toBeGreaterThan(0);
  });

  test("a process killed before it starts runs nothing", async () => {
    const guest = await runGuest("read-state");
    guest.process.kill();
    expect(await guest.ended).toEqual({ kind: "killed" });
    expect(guest.host.lines).toEqual([]);
  });

  test("a kill while it waits for a promise ends at once, and the promise's value goes nowhere", async () => {
    let settle = (_bytes: Uint8Array | undefined): void => undefined;
    let asked = false;
    const guest = await runGuest("read-state", {
      prepare: (host) => {
        host.getState = () => {
          asked = true;
          return new Promise((resolve) => (settle = resolve));
        };
      },
    });
    await until(() => asked);
    expect(await killAndTime(guest)).toBeLessThan(250);
    settle(new Uint8Array(3));
    expect(await guest.ended).toEqual({ kind: "killed" });
  });

  test("kill is idempotent and does nothing to what has ended", async () => {
    const guest = await runGuest("returns");
    await guest.ended;
    guest.process.kill();
    guest.process.kill();
    expect(await guest.ended).toEqual({ kind: "returned" });
  });

  test("a sleep waits for the clock, and a kill wakes it", async () => {
    const clock = createVirtualClock();
    const guest = await runGuest("sleep", { clock });
    await until(() => clock.pendingTimerCount === 1);
    await clock.advance(49);
    expect(guest.host.lines).toEqual([]);
    await clock.advance(1);
    expect(await guest.ended).toEqual({ kind: "returned" });
    expect(guest.host.lines).toEqual(["awake"]);
    const second = await runGuest("sleep", { clock });
    await until(() => clock.pendingTimerCount === 1);
    second.process.kill();
    expect(await second.ended).toEqual({ kind: "killed" });
    expect(clock.pendingTimerCount).toBe(0);
  });

  test("state crosses in both forms: none and some bytes", async () => {
    const guest = await runGuest("read-state", {
      prepare: (host) => {
        host.state = text.encode("kept");
      },
    });
    expect(await guest.ended).toEqual({ kind: "returned" });
    expect(guest.host.lines).toEqual(["some"]);
  });

  test("round trips between two guests give each answer once", async () => {
    const link = new DirectLink();
    const echo = await runGuest("echo", { link });
    const ping = await runGuest("ping", { link });
    const answered = new Promise<string>((resolve) => {
      ping.host.onResponse = (response) => resolve(new TextDecoder().decode(response.body));
    });
    ping.host.request(address("bench"), new Uint8Array([0xe8, 3, 0, 0]));
    expect(await answered).toBe("done");
    expect(ping.host.calls.filter(([name]) => name === "beginAwait").length).toBe(1_000);
    expect(echo.host.calls.filter(([name]) => name === "sendResponse").length).toBe(1_000);
    // one address object for all messages: nothing is decoded twice
    expect(
      new Set(ping.host.calls.filter(([name]) => name === "beginAwait").map((call) => call[1]))
        .size,
    ).toBe(1);
    ping.process.kill();
    echo.process.kill();
  });

  test("indirect calls of imports wait and answer like direct ones", async () => {
    const guest = await runGuest("indirect");
    await until(() => guest.host.parked);
    for (let i = 0; i < 3; i++) guest.host.request(address("x"), text.encode("hi"));
    await until(() => guest.host.responses.length === 3);
    expect(new TextDecoder().decode(guest.host.responses[2]!.response.body)).toBe("pong");
    guest.process.kill();
    expect(await guest.ended).toEqual({ kind: "killed" });
  });

  test("memory that grows while a message is written keeps the message whole", async () => {
    const guest = await runGuest("realloc-grows");
    await until(() => guest.host.parked);
    const body = text.encode("a body that is longer than what is copied byte by byte");
    guest.host.request(address("someone-with-a-long-name"), body);
    expect(await guest.ended).toEqual({ kind: "returned" });
    expect(guest.host.responses[0]!.response.body).toEqual(body);
  });

  test("a slowed sender goes on when the promise settles", async () => {
    const link = new DirectLink();
    const guest = await runGuest("sender", { link });
    let release: (() => void) | undefined;
    let sent = 0;
    guest.host.sendRequest = () => {
      sent++;
      return sent === 2
        ? (new Promise<void>((resolve) => (release = resolve)) as never)
        : undefined;
    };
    await until(() => guest.host.parked);
    guest.host.request(address("x"), new Uint8Array([3, 0, 0, 0]));
    await until(() => release !== undefined);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBe(2);
    release!();
    await until(() => guest.host.responses.length === 1);
    expect(sent).toBe(3);
    guest.process.kill();
  });

  test("usage tells memory while it lives and nothing of it after", async () => {
    const guest = await runGuest("echo");
    await until(() => guest.host.parked);
    expect(guest.process.usage().memoryBytes).toBe(2 * 65_536);
    guest.process.kill();
    await guest.ended;
    expect(guest.process.usage().memoryBytes).toBe(0);
  });

  test("a send-error reaches receive as an error, and the process goes on", async () => {
    const guest = await runGuest("receiver");
    await until(() => guest.host.parked);
    const request = {
      kind: "request",
      inherit: false,
      expectsResponse: 5,
      body: text.encode("q"),
      metadata: undefined,
      capabilities: [],
    } as const;
    const delivery: Delivery = {
      kind: "send-error",
      error: {
        kind: "timeout",
        target: address("gone"),
        message: request,
        blob: { mime: "text/plain", bytes: text.encode("b") },
      },
      context: text.encode("ctx"),
    };
    guest.host.deliver(delivery);
    guest.host.request(address("x"), text.encode("count?"));
    await until(() => guest.host.responses.length === 1);
    guest.process.kill();
    expect(await guest.ended).toEqual({ kind: "killed" });
  });
});
