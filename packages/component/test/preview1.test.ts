import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { PREVIEW1 } from "../src/preview1.ts";
import { StderrRing } from "../src/stderr-ring.ts";
import { runGuest } from "./run-guest.ts";

test("preview 1 answers as a process without host powers should see it", async () => {
  const guest = await runGuest("preview1", { clock: createVirtualClock() });
  expect(await guest.ended).toEqual({ kind: "returned" });
  expect(guest.host.lines).toEqual([".".repeat(28)]);
});

test("all 46 functions of preview 1 exist", () => {
  expect(PREVIEW1.size).toBe(46);
});

test("the ring keeps the newest bytes, whatever the sizes of the writes", () => {
  const ring = new StderrRing(10);
  const write = (text: string): void => ring.write(new TextEncoder().encode(text));
  write("abc");
  write("defghij");
  expect(ring.text()).toBe("abcdefghij");
  write("kl");
  expect(ring.text()).toBe("cdefghijkl");
  write("0123456789ABCDEF");
  expect(ring.text()).toBe("6789ABCDEF");
});
