import { expect, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import { ProcessFault } from "@kinode-ts/types";
import type { HostFunction, HostInterface } from "../src/api.ts";
import { option, string } from "../src/index.ts";
import { loadComponent } from "../src/load-component.ts";
import { LIMITS, address, options } from "./run-guest.ts";

const SOURCE: HostInterface = {
  name: "kinode:script/source@0.1.0",
  functions: { get: { params: [], result: option(string) } },
};

async function run(get: HostFunction | undefined) {
  const program = await loadComponent(guestBytes("source"), options({ interfaces: [SOURCE] }));
  const host = new DirectLink().createHost(address("source"));
  const provide = get === undefined ? {} : { [SOURCE.name]: { get } };
  const ending = await program.start(host, LIMITS, { provide }).ended;
  return { ending, lines: host.lines };
}

test("each process gets its own implementation of a host interface", async () => {
  expect(await run(() => "one")).toEqual({ ending: { kind: "returned" }, lines: ["one"] });
  expect(await run(() => undefined)).toEqual({ ending: { kind: "returned" }, lines: ["none"] });
  const long = "söurce ".repeat(20_000);
  expect((await run(() => long)).lines).toEqual([long]);
});

test("a promise suspends the process until it settles", async () => {
  expect((await run(() => Promise.resolve("later"))).lines).toEqual(["later"]);
});

test("a fault traps the process with its text", async () => {
  const faulty = (): never => {
    throw new ProcessFault("no script here");
  };
  expect((await run(faulty)).ending).toEqual({
    kind: "trapped",
    reason: "no script here",
    stderr: "",
  });
});

test("an interface that was not provided at start traps the process that calls it", async () => {
  expect((await run(undefined)).ending).toMatchObject({
    kind: "trapped",
    reason: expect.stringContaining('"kinode:script/source@0.1.0" "get" was not provided at start'),
  });
});

test("a component that imports a host interface is refused where it is not offered", async () => {
  await expect(loadComponent(guestBytes("source"), options())).rejects.toThrow(
    'unknown import "kinode:script/source@0.1.0"',
  );
});
