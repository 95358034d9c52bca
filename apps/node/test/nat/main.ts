/**
 * `bun run nat [--cable-s 60] [--mib 100]`: three node programs, two of them behind a NAT each, with the examples `chat` and
 * `file-transfer`; in the middle of a file the cable of the router node is pulled.
 * Exit codes: 0 everything held, 1 something did not, 2 it cannot be tried on this machine.
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, openSync, rmSync, writeSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packExample } from "../node-program.ts";
import { Chatter, type ChatTally } from "./chatter.ts";
import { makeNetworks, type PrivateNetworks, whyNot } from "./private-networks.ts";
import { RemoteNode } from "./remote-node.ts";

const TRANSFER = "file-transfer:file-transfer:example.os";
const FILES = "vfs/file-transfer:example.os/files";
const NAME = "holiday.bin";
const MIB = 1024 * 1024;
const USAGE = `Usage: bun run nat [--cable-s 60] [--mib 100]
Three node programs in namespaces of the network; needs Linux, root, iproute2 and iptables.`;

interface Row {
  readonly what: string;
  readonly seen: string;
  readonly isRight: boolean;
}

interface Nodes {
  readonly alice: RemoteNode;
  readonly bob: RemoteNode;
  readonly router: RemoteNode;
}

const rows: Row[] = [];
const startMs = performance.now();
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

function note(what: string, seen: string, isRight = true): void {
  rows.push({ what, seen, isRight });
  const at = ((performance.now() - startMs) / 1_000).toFixed(1).padStart(6);
  console.log(`${at} s  ${isRight ? "  " : "! "}${what}: ${seen}`);
}

async function startAll({ alice, bob, router }: Nodes, folder: string): Promise<void> {
  const zips = [await packExample("chat", folder), await packExample("file-transfer", folder)];
  await router.start("--max-passthroughs", "10");
  for (const node of [alice, bob]) {
    // oxlint-disable-next-line no-await-in-loop -- each takes the whole processor
    await node.start();
    // oxlint-disable-next-line no-await-in-loop -- as above
    for (const zip of zips) await node.kinode("install", zip, "--yes");
  }
}

/** As docs/guides/peers.md says. */
async function introduce({ alice, bob, router }: Nodes): Promise<void> {
  note(
    "alice takes the router",
    await alice.kinode("router", "add", await router.kinode("invite")),
  );
  const joined = await bob.kinode("join", await alice.kinode("invite"));
  note("bob joins alice", joined.split("\n")[0]!, joined.includes("through router.local"));
  note("bob takes the router", await bob.kinode("router", "add", "router.local"));
}

/** Nobody gets in from outside. */
async function tryToGetIn({ alice, bob, router }: Nodes, networks: PrivateNetworks): Promise<void> {
  for (const [name, node] of Object.entries({ alice, bob }) as ["alice" | "bob", RemoteNode][]) {
    const address = networks.outside[name];
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const seen = await Promise.all([10_000, 9_000].map((port) => router.dial(address, port)));
    note(`${node.name} dialled from outside`, seen.join(", "), !seen.includes("connected"));
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

function writeRandom(path: string, mib: number): void {
  const file = openSync(path, "w");
  const piece = new Uint8Array(MIB);
  for (let index = 0; index < mib; index++) {
    for (let at = 0; at < MIB; at += 65_536)
      crypto.getRandomValues(piece.subarray(at, at + 65_536));
    writeSync(file, piece);
  }
  closeSync(file);
}

interface Seen {
  readonly received: number;
  readonly stage: string;
  readonly problem: string | null;
}

async function look(bob: RemoteNode): Promise<Seen> {
  const { Progress: all } = (await bob.ask(TRANSFER, "Progress")) as { Progress: Seen[] };
  return all.at(-1)!;
}

/** Looks until it is so. @throws {Error} it takes too long, or the transfer has failed */
async function until(
  bob: RemoteNode,
  limitS: number,
  isSo: (seen: Seen) => boolean,
): Promise<Seen> {
  const deadline = performance.now() + limitS * 1_000;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- looks again until it is so
    const seen = await look(bob);
    if (isSo(seen)) return seen;
    if (seen.stage === "failed" || performance.now() > deadline) {
      throw new Error(`the transfer stands at ${JSON.stringify(seen)}`);
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await Bun.sleep(100);
  }
}

const speed = (bytes: number, ms: number): string =>
  `${(bytes / 1e6).toFixed(1)} MB in ${seconds(ms)}, ${(bytes / 1e3 / ms).toFixed(1)} MB/s`;

interface Plan {
  readonly mib: number;
  readonly cableS: number;
}

async function transfer(
  { alice, bob }: Nodes,
  networks: PrivateNetworks,
  { mib, cableS }: Plan,
  chatters: readonly Chatter[],
): Promise<void> {
  const path = join(alice.home, FILES, NAME);
  writeRandom(path, mib);
  const begunMs = performance.now();
  await bob.ask(TRANSFER, { Download: { name: NAME, target: alice.name } });
  const size = mib * MIB;
  const half = await until(bob, 300, ({ received }) => received >= 0.4 * size);
  const pulledMs = performance.now();
  networks.pullRouterCable();
  note("before the cable is pulled", speed(half.received, pulledMs - begunMs));
  await Bun.sleep(cableS * 1_000);
  const without = await look(bob);
  note(
    `after ${cableS} s without cable`,
    `${(without.received / 1e6).toFixed(1)} MB, ${without.problem}`,
  );
  networks.plugRouterCable();
  const pluggedMs = performance.now();
  await until(bob, 300, ({ received }) => received > without.received);
  const resumedMs = performance.now();
  note("cable plugged in, the file goes on after", seconds(resumedMs - pluggedMs));
  await until(bob, 300, ({ stage }) => stage === "done");
  const doneMs = performance.now();
  note("the rest", speed(size - without.received, doneMs - resumedMs));
  note("the whole file", speed(size, doneMs - begunMs));
  const firsts = chatters.map((each) => each.acknowledgedSince(pluggedMs));
  const isBack = firsts.every((each) => each !== undefined);
  const shown = firsts.map((each) => (each === undefined ? "never" : seconds(each - pluggedMs)));
  note("chat goes on after (alice, bob)", shown.join(", "), isBack);
  const hashes = await Promise.all([path, join(bob.home, FILES, NAME)].map(hashOf));
  note(
    "SHA-256 of both",
    hashes[0] === hashes[1] ? "equal" : hashes.join(", "),
    hashes[0] === hashes[1],
  );
}

function noteChat(who: string, tally: ChatTally): void {
  const { said, acknowledged, reported, reportedButCame, lost, wrong } = tally;
  const seen = `${said} said, ${acknowledged} acknowledged, ${reported} reported as failed (${reportedButCame} of them came), ${lost} without an answer`;
  note(who, seen, lost === 0 && acknowledged > 0);
  for (const each of wrong) note(`${who}, wrong`, each, false);
  if (wrong.length === 0) note(`${who}, in the history`, "each acknowledged one exactly once");
}

async function play(nodes: Nodes, networks: PrivateNetworks, plan: Plan): Promise<void> {
  const { alice, bob } = nodes;
  // The chat keeps 500 messages, of both directions together.
  const everyMs = Math.max(1_000, plan.cableS * 10);
  const chatters = [new Chatter(alice, bob, everyMs), new Chatter(bob, alice, everyMs)];
  let failure: Error | undefined;
  try {
    await transfer(nodes, networks, plan, chatters);
    // Some more words when everything is well again.
    await Bun.sleep(2_000);
  } catch (thrown) {
    failure = thrown as Error;
  }
  const tallies = await Promise.all(chatters.map((each) => each.end()));
  noteChat("chat of alice to bob", tallies[0]!);
  noteChat("chat of bob to alice", tallies[1]!);
  if (failure !== undefined) throw failure;
}

function showTable(): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  console.log("");
  for (const { what, seen, isRight } of rows) {
    console.log(`${isRight ? "ok    " : "FAILED"} ${what.padEnd(width)}  ${seen}`);
  }
}

/** @throws {Error} what was typed is no plan */
function readPlan(): Plan {
  const options = {
    "cable-s": { type: "string", default: "60" },
    mib: { type: "string", default: "100" },
  } as const;
  const { values } = parseArgs({ options });
  const plan = { mib: Number(values.mib), cableS: Number(values["cable-s"]) };
  if (plan.mib >= 4 && plan.mib <= 10_000 && plan.cableS >= 0 && plan.cableS <= 3_600) return plan;
  throw new RangeError("--mib is 4 to 10000, --cable-s 0 to 3600");
}

function refuse(why: string): 2 {
  console.error(why);
  return 2;
}

async function tryOut(plan: Plan): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "kinode-nat-"));
  const networks = makeNetworks();
  const nodeAt = (place: "alice" | "bob" | "router"): RemoteNode =>
    new RemoteNode(`${place}.local`, join(folder, place), networks.at(place));
  const nodes: Nodes = { alice: nodeAt("alice"), bob: nodeAt("bob"), router: nodeAt("router") };
  const cleanUp = async (): Promise<void> => {
    await Promise.all([nodes.alice, nodes.bob, nodes.router].map((each) => each.stop()));
    networks.remove();
    rmSync(folder, { recursive: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  }
  try {
    await startAll(nodes, folder);
    await introduce(nodes);
    await tryToGetIn(nodes, networks);
    await play(nodes, networks, plan);
  } catch (thrown) {
    note("ended early", (thrown as Error).message, false);
  }
  await cleanUp();
  showTable();
  return rows.every(({ isRight }) => isRight) ? 0 : 1;
}

async function main(): Promise<number> {
  let plan: Plan;
  try {
    plan = readPlan();
  } catch (thrown) {
    return refuse(`${(thrown as Error).message}\n\n${USAGE}`);
  }
  const why = whyNot();
  return why === undefined ? await tryOut(plan) : refuse(`Cannot be tried here: ${why}`);
}

process.exit(await main());
