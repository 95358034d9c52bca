/** Real programs that announce themselves on the local network: seen, not trusted, accepted by both persons. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlAnswer, ControlPeers } from "@kinode-ts/types";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";
import { HAS_MULTICAST } from "./multicast.ts";
import { kinode } from "./run-kinode.ts";

const DEADLINE_MS = 60_000;
/** Others may announce themselves on this network as well. */
const [ALICE, BOB] = [`alice-${process.pid}.local`, `bob-${process.pid}.local`];

const folder = mkdtempSync(join(tmpdir(), "nearby-"));
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

const sees = async (node: DetachedNode, name: string): Promise<boolean> =>
  (await node.get<ControlPeers>("peers")).nearby.some((each) => each.name === name);

async function untilSeen(node: DetachedNode, name: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  // oxlint-disable-next-line no-await-in-loop -- looks again until it is seen
  while (!(await sees(node, name)) && performance.now() < deadline) await Bun.sleep(100);
  expect(await sees(node, name)).toBe(true);
}

test.skipIf(!HAS_MULTICAST)(
  "nodes near each other are listed, offline until both are accepted, and talk then",
  async () => {
    const quiet = await startDetached(join(folder, "quiet"), ["--name", "quiet.local"]);
    const alice = await startDetached(join(folder, "alice"), ["--name", ALICE, "--announce-lan"]);
    const bob = await startDetached(join(folder, "bob"), ["--name", BOB, "--announce-lan"]);
    await Promise.all([untilSeen(alice, BOB), untilSeen(bob, ALICE)]);
    const greet = (from: DetachedNode, to: string): Promise<ControlAnswer> =>
      from.post<ControlAnswer>("send", { target: `${to}@net:distro:sys`, body: "hi", timeout: 30 });
    expect(await greet(alice, BOB)).toEqual({ kind: "send-error", error: "offline" });
    const listed = await kinode("peers", "--home", join(folder, "alice"));
    expect(listed.out).toContain("Nearby, not trusted");
    for (const [name, other] of [
      ["alice", BOB],
      ["bob", ALICE],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one person after the other
      expect((await kinode("peers", "accept", other, "--home", join(folder, name))).code).toBe(0);
    }
    expect(await greet(alice, BOB)).toMatchObject({ kind: "response", body: "ack" });
    expect(await sees(alice, BOB)).toBe(false);
    // Who did not ask for it neither says nor hears anything.
    expect(await quiet.get<ControlPeers>("peers")).toMatchObject({ nearby: [], peers: [] });
    expect(await sees(alice, "quiet.local")).toBe(false);
  },
  120_000,
);
