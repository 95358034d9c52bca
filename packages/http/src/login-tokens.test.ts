import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import type { ProcessId } from "@kinode-ts/types";
import { LoginTokens } from "./login-tokens.ts";

const CHESS = "chess:chess:sys" as ProcessId;

function startTokens() {
  const clock = createVirtualClock();
  const secret = new Uint8Array(32).fill(7);
  const tokens = new LoginTokens({ our: "alice.os", secret, clock, lifeMs: 60_000 });
  const cookieFor = (process: ProcessId | null) =>
    tokens.issueCookie(process, false).split(";")[0]!;
  return { clock, tokens, cookieFor };
}

test("a header that proved one login proves no other, however often it comes", () => {
  const { tokens, cookieFor } = startTokens();
  const node = cookieFor(null);
  const both = `${node}; ${cookieFor(CHESS)}`;
  for (let visit = 0; visit < 3; visit++) {
    expect(tokens.isLoggedIn(node, null)).toBe(true);
    expect(tokens.isLoggedIn(node, CHESS)).toBe(false);
    expect(tokens.isLoggedIn(both, null)).toBe(true);
    expect(tokens.isLoggedIn(both, CHESS)).toBe(true);
    expect(tokens.isLoggedIn(both, "chess:other:sys" as ProcessId)).toBe(false);
  }
});

test("a header that was good is refused from the second its token ends", async () => {
  const { clock, tokens, cookieFor } = startTokens();
  const header = `${cookieFor(CHESS)}; ${cookieFor(null)}`;
  for (const process of [null, CHESS]) expect(tokens.isLoggedIn(header, process)).toBe(true);
  await clock.advance(60_000);
  for (const process of [null, CHESS]) expect(tokens.isLoggedIn(header, process)).toBe(false);
});

test("apps see the same rest of a header before and after it proved a login", () => {
  const { tokens, cookieFor } = startTokens();
  for (const [header, rest] of [
    [cookieFor(null), undefined],
    [`a=1; ${cookieFor(null)}; b=2; ${cookieFor(CHESS)}`, "a=1; b=2"],
  ] as const) {
    expect(tokens.withoutLogin(header)).toBe(rest);
    expect(tokens.isLoggedIn(header, null)).toBe(true);
    expect(tokens.withoutLogin(header)).toBe(rest);
  }
  expect(tokens.withoutLogin("a=1")).toBe("a=1");
});

test("more browsers than are remembered stay logged in", () => {
  const { tokens, cookieFor } = startTokens();
  const cookie = cookieFor(null);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 600; i++) expect(tokens.isLoggedIn(`n=${i}; ${cookie}`, null)).toBe(true);
  }
});
