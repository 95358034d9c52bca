/**
 * Real programs in network namespaces: two private networks with equal addresses, each behind its own NAT, and a router
 * node that both can dial. Runs where namespaces may be made (Linux, root); elsewhere it is skipped.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAllDetached, startDetached } from "./detached-node.ts";

const MAIN = join(import.meta.dir, "../src/main.ts");
const ID = `k${process.pid % 10_000}`;
const [INTERNET, ROUTER, ALICE, BOB, ...GATES] = ["i", "r", "a", "b", "x", "y"].map(
  (name) => `${ID}${name}`,
) as [string, string, string, string, string, string];

function run(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).success;
}

const inside = (space: string, ...command: string[]): boolean =>
  run("ip", "netns", "exec", space, ...command);

function must(isDone: boolean, what: string): void {
  if (!isDone) throw new Error(`Cannot ${what}`);
}

/** Needs root, `ip` and `iptables`. */
function canMakeNetworks(): boolean {
  const missing = ["ip", "iptables"].filter((name) => Bun.which(name) === null);
  if (process.getuid?.() !== 0 || missing.length > 0) return false;
  if (!run("ip", "netns", "add", `${ID}t`)) return false;
  const hasNat = inside(`${ID}t`, "iptables", "-t", "nat", "-L");
  return run("ip", "netns", "del", `${ID}t`) && hasNat;
}
const isPossible = canMakeNetworks();

/** A cable between two machines. */
function connect(space: string, device: string, other: string, end: string): boolean {
  const ends = ["type", "veth", "peer", "name", end, "netns", other];
  return run("ip", "link", "add", device, "netns", space, ...ends);
}

/** An interface of `space` on the common network. */
function plug(space: string, address: string): void {
  const [device, end] = [`${space}o`, `${space}p`];
  must(
    connect(space, device, INTERNET, end) &&
      inside(INTERNET, "ip", "link", "set", end, "master", "br0", "up") &&
      inside(space, "ip", "addr", "add", `${address}/24`, "dev", device) &&
      inside(space, "ip", "link", "set", device, "up"),
    `plug ${space} in`,
  );
}

/** A private network of one machine, the same addresses behind every gate. */
function hide(space: string, gate: string): void {
  const [device, end] = [`${space}l`, `${gate}l`];
  must(
    connect(space, device, gate, end) &&
      inside(space, "ip", "addr", "add", "10.1.0.2/24", "dev", device) &&
      inside(space, "ip", "link", "set", device, "up") &&
      inside(space, "ip", "route", "add", "default", "via", "10.1.0.1") &&
      inside(gate, "ip", "addr", "add", "10.1.0.1/24", "dev", end) &&
      inside(gate, "ip", "link", "set", end, "up") &&
      inside(gate, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward") &&
      inside(
        gate,
        "iptables",
        "-t",
        "nat",
        "-A",
        "POSTROUTING",
        "-o",
        `${gate}o`,
        "-j",
        "MASQUERADE",
      ),
    `hide ${space}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), "nat-"));
const home = (space: string): string => join(folder, space);

/** A command of the program in the network of a node. */
async function kinode(space: string, ...words: string[]): Promise<string> {
  const command = ["ip", "netns", "exec", space, process.execPath, MAIN, ...words];
  const child = Bun.spawn([...command, "--home", home(space)], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await child.exited;
  return `${out}${err}`.trim();
}

const start = (space: string, name: string, ...flags: string[]) =>
  startDetached(home(space), ["--name", name, ...flags], ["ip", "netns", "exec", space]);

beforeAll(() => {
  if (!isPossible) return;
  for (const space of [INTERNET, ROUTER, ALICE, BOB, ...GATES]) {
    must(run("ip", "netns", "add", space), `make ${space}`);
    inside(space, "ip", "link", "set", "lo", "up");
  }
  inside(INTERNET, "ip", "link", "add", "br0", "type", "bridge");
  inside(INTERNET, "ip", "link", "set", "br0", "up");
  for (const [index, space] of [ROUTER, ...GATES].entries()) plug(space, `203.0.113.${index + 10}`);
  hide(ALICE, GATES[0]!);
  hide(BOB, GATES[1]!);
});
afterAll(() => {
  killAllDetached();
  const spaces = isPossible ? [INTERNET, ROUTER, ALICE, BOB, ...GATES] : [];
  for (const space of spaces) run("ip", "netns", "del", space);
  rmSync(folder, { recursive: true });
});

test.skipIf(!isPossible)(
  "two nodes behind NATs meet through a router node, and again after its cable was out",
  async () => {
    await start(ROUTER, "router.local", "--max-passthroughs", "10");
    const alice = await start(ALICE, "alice.local");
    await start(BOB, "bob.local");
    await kinode(ALICE, "router", "add", await kinode(ROUTER, "invite"));
    const text = await kinode(ALICE, "invite");
    expect(await kinode(BOB, "join", text)).toContain("know each other now (through router.local)");
    expect(await kinode(BOB, "router", "add", "router.local")).toContain("through router.local");
    expect(await kinode(BOB, "send", "alice.local@net:distro:sys", "good-morning")).toBe("ack");
    expect(alice.output()).toContain("bob.local: good-morning");

    const cable = `${ROUTER}p`;
    inside(INTERNET, "ip", "link", "set", cable, "down");
    const lost = await kinode(BOB, "send", "alice.local@net:distro:sys", "cut", "-t", "2");
    expect(lost).toContain("timeout");
    inside(INTERNET, "ip", "link", "set", cable, "up");
    // What was on its way goes on, on a new connection.
    const again = await kinode(BOB, "send", "alice.local@net:distro:sys", "again", "-t", "30");
    expect(again).toBe("ack");
    expect(alice.output()).toContain("bob.local: cut");
  },
  120_000,
);
