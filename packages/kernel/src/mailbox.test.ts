import { expect, test } from "bun:test";
import type { KernelMessage, ProcessId } from "@kinode-ts/types";
import { RequestContext } from "./contexts.ts";
import { DEFAULT_KERNEL_LIMITS } from "./limits.ts";
import { Mailbox, messageBytes } from "./mailbox.ts";

const limits = {
  ...DEFAULT_KERNEL_LIMITS,
  maxMailboxCount: 20,
  maxMailboxBytes: 10_000,
  senderQuotaCount: 8,
  senderQuotaBytes: 5_000,
};

function messageFrom(name: string, bytes = 0, node = "alice.os"): KernelMessage {
  return {
    id: 1,
    source: { node, process: `${name}:test:sys` as ProcessId },
    target: { node: "alice.os", process: "t:test:sys" as ProcessId },
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: new Uint8Array(bytes),
      metadata: undefined,
      capabilities: [],
    },
    blob: undefined,
  };
}

const createMailbox = (): Mailbox => new Mailbox("alice.os", limits);

function offers(
  mailbox: Mailbox,
  count: number,
  make: () => KernelMessage,
  maySlow = true,
): string[] {
  return Array.from({ length: count }, () => mailbox.offer(make(), maySlow));
}

test("a sender at its quota is slowed, one past it without waiting is refused, others are not", () => {
  const mailbox = createMailbox();
  expect(offers(mailbox, 8, () => messageFrom("a"))).toEqual(Array(8).fill("accepted"));
  expect(mailbox.offer(messageFrom("a"), true)).toBe("slow");
  expect(mailbox.offer(messageFrom("a"), false)).toBe("refused");
  expect(mailbox.offer(messageFrom("b"), false)).toBe("accepted");
  expect(mailbox.refusedCount).toBe(1);
});

test("a full mailbox refuses everybody, by count and by bytes", () => {
  const byCount = createMailbox();
  for (let sender = 0; sender < 20; sender++) {
    expect(byCount.offer(messageFrom(`s${sender}`), true)).toBe("accepted");
  }
  expect(byCount.offer(messageFrom("new"), true)).toBe("refused");
  const byBytes = createMailbox();
  expect(byBytes.offer(messageFrom("a", 4_500), true)).toBe("accepted");
  expect(byBytes.offer(messageFrom("b", 4_500), true)).toBe("accepted");
  expect(byBytes.offer(messageFrom("c", 4_500), true)).toBe("refused");
});

test("one message above the byte quota passes when nothing else waits", () => {
  const mailbox = createMailbox();
  expect(mailbox.offer(messageFrom("a", 50_000), true)).toBe("accepted");
  expect(mailbox.offer(messageFrom("a"), true)).toBe("refused");
  mailbox.take();
  expect(mailbox.bytes).toBe(0);
});

test("all processes of another node share one quota", () => {
  const mailbox = createMailbox();
  let sender = 0;
  const results = offers(mailbox, 9, () => messageFrom(`p${sender++}`, 0, "bob.os"), false);
  expect(results.at(-1)).toBe("refused");
  expect(mailbox.offer(messageFrom("p1"), false)).toBe("accepted");
});

test("a slowed sender is released at half its quota, or when the mailbox is closed", () => {
  for (const close of [false, true]) {
    const mailbox = createMailbox();
    offers(mailbox, 9, () => messageFrom("a"));
    let released = false;
    mailbox.whenRoom(messageFrom("a"), () => (released = true));
    if (close) mailbox.close();
    else {
      for (let count = 0; count < 4; count++) mailbox.take();
      expect(released).toBe(false);
      mailbox.take();
    }
    expect(released).toBe(true);
  }
});

test("after a slowed sender was given up, the next is refused until something is taken", () => {
  const mailbox = createMailbox();
  offers(mailbox, 9, () => messageFrom("a"));
  const release = (): void => {};
  mailbox.whenRoom(messageFrom("a"), release);
  mailbox.giveUp(release);
  expect(mailbox.offer(messageFrom("a"), true)).toBe("refused");
  mailbox.take();
  expect(mailbox.offer(messageFrom("a"), true)).toBe("slow");
});

test("a receiver that is slow but takes something is no reason to refuse", () => {
  const mailbox = createMailbox();
  offers(mailbox, 9, () => messageFrom("a"));
  let released = false;
  const release = (): void => void (released = true);
  mailbox.whenRoom(messageFrom("a"), release);
  mailbox.take();
  mailbox.giveUp(release);
  expect(released).toBe(true);
  expect(mailbox.offer(messageFrom("a"), true)).toBe("slow");
});

test("bytes are charged once and given back exactly, answers included", () => {
  const mailbox = createMailbox();
  const message = messageFrom("a", 1_000);
  mailbox.offer(message, true);
  expect(mailbox.bytes).toBe(messageBytes(message));
  const context = new RequestContext({ fail: () => {} }, message, undefined, undefined, 0);
  context.answer = messageFrom("b", 2_000);
  expect(mailbox.fitsAnswer(context.answer)).toBe(true);
  mailbox.pushAnswer(context);
  expect(mailbox.fitsAnswer(messageFrom("b", 9_000))).toBe(false);
  expect(mailbox.take()).toBe(message);
  expect(mailbox.take()).toBe(context);
  expect([mailbox.count, mailbox.bytes]).toEqual([0, 0]);
});
