import { expect, test } from "bun:test";
import { parseAddress } from "@kinode-ts/types";
import { type OutgoingMessage, toOutgoing } from "./outgoing.ts";
import { Past } from "./past.ts";
import { ReadCounts } from "./read-counts.ts";
import { Unread } from "./unread.ts";

const message = (id: number): OutgoingMessage =>
  toOutgoing({
    id,
    source: parseAddress("alice.os@a:chat:x.os"),
    target: parseAddress("bob.os@b:chat:x.os"),
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: 5,
      body: new Uint8Array(10),
      metadata: undefined,
      capabilities: [],
    },
    blob: undefined,
  });
const ids = (items: readonly OutgoingMessage[]) => items.map((item) => item.message.id);
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

test("what the peer has read is forgotten, in whatever steps it says so", () => {
  const unread = new Unread();
  for (const id of range(0, 5_000)) unread.push(message(id), 100 * (id + 1));
  for (const count of [0, 1, 1, 64, 3_000, 2_999, 4_998]) unread.confirm(count);
  expect([unread.count, unread.first, unread.byteLength]).toEqual([2, 4_998, 2 * 266]);
  expect(ids(unread.beyond(499_900))).toEqual([4_999]);
  expect(() => unread.confirm(5_001)).toThrow("5001 messages are confirmed, 5000 were sent");
  const rest = unread.takeRest();
  expect([rest.first, ids(rest.items), unread.count]).toEqual([4_998, [4_998, 4_999], 0]);
});

test("bytes that the system has taken forget their messages where nobody confirms", () => {
  const unread = new Unread();
  for (const id of range(0, 3)) unread.push(message(id), 100 * (id + 1));
  unread.forget(199);
  expect(unread.count).toBe(2);
  unread.forget(1_000);
  expect([unread.count, unread.byteLength]).toEqual([0, 0]);
});

function past(awaited: readonly number[], isResumable = true): Past {
  return new Past({
    tag: "00",
    unread: { first: 10, items: [10, 11, 12].map(message) },
    unsent: [message(13)],
    awaited: awaited.map((id) => message(id).message),
    isResumable,
    run: "a",
  });
}

test("a connection that broke goes on after what the peer has read, whatever it claims", () => {
  for (const [count, again] of [
    [11, [11, 12, 13]],
    [13, [13]],
    [99, [13]],
    [0, [10, 11, 12, 13]],
  ] as const) {
    const broken = past([5, 11]);
    expect([broken.isOpen, broken.settle(count, "b"), broken.isOpen]).toEqual([true, [], false]);
    expect(ids(broken.again)).toEqual([...again]);
  }
});

test("another run of the peer has nothing of it: who waits is told, what never left is sent", () => {
  const broken = past([5, 11, 13]);
  expect(broken.settle(undefined, "b").map(({ id }) => id)).toEqual([10, 11, 12, 5]);
  expect(ids(broken.again)).toEqual([13]);
  expect(broken.settle(undefined, "b")).toEqual([]);
});

test("a connection that the same run of the peer has never had brought it nothing: all is sent again", () => {
  const broken = past([5, 11, 13]);
  expect(broken.settle(undefined, "a")).toEqual([]);
  expect(ids(broken.again)).toEqual([10, 11, 12, 13]);
});

test("when the peer cannot be reached everybody is told once", () => {
  expect(
    past([5, 11, 13])
      .giveUp()
      .map(({ id }) => id),
  ).toEqual([10, 11, 12, 13, 5]);
  expect(past([5], false).isOpen).toBe(false);
});

test("what was read of connections is remembered for the last ones of the last nodes", () => {
  const counts = new ReadCounts();
  for (const tag of range(0, 40)) counts.remember("alice.os", String(tag), tag);
  expect([counts.find("alice.os", "7"), counts.find("alice.os", "39")]).toEqual([undefined, 39]);
  for (const node of range(0, 1_100)) counts.remember(`n${node}.os`, "0", node);
  expect([counts.find("alice.os", "39"), counts.find("n1099.os", "0")]).toEqual([undefined, 1_099]);
});
