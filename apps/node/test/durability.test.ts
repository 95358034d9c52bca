/**
 * Kills the node 50 times at random moments under load and looks for everything that was acknowledged.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSeededRandom } from "@kinode-ts/testing";
import { decodeProbeReport, probeScript, type ProbeScript } from "@kinode-ts/testing/probe";
import type { ControlGrant, ControlProcess } from "@kinode-ts/types";
import { type DetachedNode, killAllDetached, startDetached } from "./detached-node.ts";
import { PROBE, probeZip } from "./probe-package.ts";

const KILLS = Number(process.env["KINODE_KILLS"] ?? 50);
const SEED = Number(process.env["KINODE_SEED"] ?? 20_261_121);
/** For a change that was not acknowledged yet; generous. */
const MAX_WAITS = 1_000;

const folder = mkdtempSync(join(tmpdir(), "durability-"));
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

const TIMER_RIGHT = { holder: PROBE, issuer: "our@timer:distro:sys", params: '"messaging"' };

/** What one kind of change was acknowledged as, and what may have happened since without an answer. */
class Expectation<T> {
  acknowledged: T;
  inFlight: T | undefined;
  constructor(initial: T) {
    this.acknowledged = initial;
  }
  async change(to: T, apply: () => Promise<unknown>): Promise<void> {
    this.inFlight = to;
    await apply();
    this.acknowledged = to;
    this.inFlight = undefined;
  }
  check(found: T, what: string): void {
    const isAllowed = found === this.acknowledged || found === this.inFlight;
    expect({
      what,
      found,
      acknowledged: this.acknowledged,
      inFlight: this.inFlight,
      isAllowed,
    }).toMatchObject({ isAllowed: true });
    this.acknowledged = found;
    this.inFlight = undefined;
  }
}

const run = (node: DetachedNode, script: ProbeScript) =>
  node.message(PROBE, new TextDecoder().decode(script.bytes()));

test(`${KILLS} kills under load lose no acknowledged state, capability or process (seed ${SEED})`, async () => {
  const random = createSeededRandom(SEED);
  const home = join(folder, "home");
  let node = await startDetached(home);
  const { hash } = await node.post<{ hash: string }>("packages/inspect", probeZip());
  await node.post(`packages/install?hash=${hash}`, { denied: [] });

  const state = new Expectation("none");
  const right = new Expectation(false);
  const child = new Expectation(false);
  const work = { state: 0, right: 0, child: 0 };

  const setState = async (): Promise<void> => {
    const next = `s${work.state + 1}`;
    await state.change(next, () =>
      run(node, probeScript().setState(next).sendResponse({ body: "ok" })),
    );
    work.state += 1;
  };
  const changeRight = async (): Promise<void> => {
    const next = !right.acknowledged;
    await right.change(next, () =>
      node.post(`capabilities/${next ? "grant" : "revoke"}`, TIMER_RIGHT),
    );
    work.right += 1;
  };
  const changeChild = async (): Promise<void> => {
    const next = !child.acknowledged;
    const spawn = {
      name: "child",
      wasmPath: "/probe:test.os/pkg/probe.wasm",
      onExit: "restart",
    } as const;
    await child.change(next, () =>
      next
        ? run(node, probeScript().spawn(spawn).sendResponse({ body: "ok" }))
        : node.post(`processes/${encodeURIComponent("child:probe:test.os")}/kill`),
    );
    work.child += 1;
  };
  /** Repeats until the node is gone. */
  const load = async (change: () => Promise<void>): Promise<void> => {
    try {
      for (;;) await change();
    } catch (thrown) {
      // Refused by a living node: a fault of the test, not of the kill.
      if (/^(?:4|5)\d\d /.test((thrown as Error).message)) throw thrown;
    }
  };

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const loads = Promise.all([load(setState), load(changeRight), load(changeChild)]);
    await Bun.sleep(random.bytes(1)[0]! / 2);
    // Where the machine is busy, the moment comes later: every kind of change is really under way.
    for (let wait = 0; wait < MAX_WAITS && Object.values(work).some((n) => n < kill); wait += 1) {
      await Bun.sleep(random.bytes(1)[0]! / 8);
    }
    await node.killHard();
    await loads;
    node = await startDetached(home);
    const report = decodeProbeReport(
      await run(
        node,
        probeScript()
          .getState()
          .sendResponse({ body: { from: "report" } }),
      ),
    );
    const bytes = report.find((record) => record.op === "get-state")?.bytes;
    state.check(
      bytes === undefined ? "none" : new TextDecoder().decode(bytes),
      `state after kill ${kill}`,
    );
    const grants = await node.get<ControlGrant[]>("capabilities");
    const timer = grants.find(
      ({ holder, issuer }) => holder === PROBE && issuer.endsWith("@timer:distro:sys"),
    );
    right.check(timer?.granted ?? false, `capability after kill ${kill}`);
    const processes = await node.get<ControlProcess[]>("processes");
    child.check(
      processes.some(({ id }) => id === "child:probe:test.os"),
      `child after kill ${kill}`,
    );
  }
  expect(await node.stop()).toBe(0);
  for (const count of Object.values(work)) expect(count).toBeGreaterThanOrEqual(KILLS);
}, 480_000);
