/** Real programs: two nodes that nobody can dial, and the router between them. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlAnswer, ControlPeers } from "@kinode-ts/types";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";
import { kinode } from "./run-kinode.ts";

const DEADLINE_MS = 60_000;
const HIDDEN = ["--tcp-port", "0", "--ws-port", "0"];

const folder = mkdtempSync(join(tmpdir(), "through-router-"));
const home = (name: string): string => join(folder, name);
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

async function run(...words: string[]): Promise<string> {
  const { code, out, err } = await kinode(...words);
  expect([code, err]).toEqual([0, ""]);
  return out;
}

const greet = (from: DetachedNode, to: string, text: string): Promise<ControlAnswer> =>
  from.post<ControlAnswer>("send", {
    target: `${to}@net:distro:sys`,
    body: text,
    timeout: 30,
  });

async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  // oxlint-disable-next-line no-await-in-loop -- looks again until it is so
  while (!(await check()) && performance.now() < deadline) await Bun.sleep(50);
  expect(await check()).toBe(true);
}

/** Whether the router serves that many. */
const isServing = (router: DetachedNode, count: number) => async (): Promise<boolean> => {
  const { peers } = await router.get<ControlPeers>("peers");
  return peers.filter(({ isConnected }) => isConnected).length >= count;
};

test("two hidden nodes meet by an invitation through a router, and find each other after a change of key", async () => {
  const routerFlags = ["--name", "router.local", "--max-passthroughs", "10"];
  const router = await startDetached(home("router"), routerFlags);
  let alice = await startDetached(home("alice"), ["--name", "alice.local", ...HIDDEN]);
  const bob = await startDetached(home("bob"), ["--name", "bob.local", ...HIDDEN]);
  const pass = await run("invite", "--home", home("router"));
  expect(await run("router", "add", pass, "--home", home("alice"))).toContain("router.local");
  await until(isServing(router, 1));

  const text = await run("invite", "--home", home("alice"));
  expect(await run("join", text, "--home", home("bob"))).toContain("through router.local");
  expect(await greet(bob, "alice.local", "through the router")).toMatchObject({ body: "ack" });
  expect(alice.output()).toContain("bob.local: through the router");
  expect(await run("peers", "--home", home("router"))).toContain("guest of alice.local");
  await run("router", "add", "router.local", "--home", home("bob"));
  await until(isServing(router, 2));

  const password = "a password for tests";
  const before = (await bob.get<ControlPeers>("peers")).peers;
  const keyOf = (all: ControlPeers["peers"]) =>
    all.find(({ name }) => name === "alice.local")?.fingerprint;
  const changed = await run("rotate-key", "--password", password, "--home", home("alice"));
  // Without a new start: whoever is connected is called with the new key, and follows.
  const theirs = async (): Promise<boolean> => {
    const key = keyOf((await bob.get<ControlPeers>("peers")).peers);
    return key !== undefined && changed.includes(key);
  };
  await until(theirs);
  await until(isServing(router, 2));
  expect(await greet(bob, "alice.local", "and you?")).toMatchObject({ body: "ack" });
  const wrong = await kinode("rotate-key", "--password", "guess", "--home", home("alice"));
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("not the password")]);
  await alice.stop();
  alice = await startDetached(home("alice"), HIDDEN);
  await until(isServing(router, 2));
  expect(await greet(bob, "alice.local", "is it you?")).toMatchObject({ body: "ack" });
  expect(await greet(alice, "bob.local", "it is me")).toMatchObject({ body: "ack" });
  const { peers } = await bob.get<ControlPeers>("peers");
  expect(keyOf(peers)).not.toBe(keyOf(before));
  expect(keyOf(peers)).toBe((await alice.get<ControlPeers>("peers")).our.fingerprint);
}, 120_000);
