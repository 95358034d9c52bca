import { beforeAll, expect, test } from "bun:test";
import type { TestMessage, TestProgram, TestVfs } from "@kinode-ts/stdlib/testing";
import { createTestVfs, loadProgram, TestNode } from "@kinode-ts/stdlib/testing";
import type { Progress } from "./wire.ts";

const TRANSFER = "file-transfer:file-transfer:example.os";
const FILES = "file-transfer:example.os/files";
const MIB = 1024 * 1024;
const STEP_MS = 250;
let program: TestProgram;

beforeAll(async () => {
  program = await loadProgram(`${import.meta.dir}/file-transfer.ts`);
});

type Cable = "there" | "pulled" | "silent";

/** A node with a cable to others. */
class WiredNode extends TestNode {
  readonly others = new Map<string, WiredNode>();
  cable: Cable = "there";
  /** What becomes of the cable of whoever asks, after so many pieces. */
  #cut: { chunks: number; readonly cable: Cable; readonly node: WiredNode } | undefined;
  /** Requests for pieces that came through, as name and offset. */
  readonly chunks: string[] = [];
  readonly vfs: TestVfs;

  constructor(name: string) {
    super({ name });
    this.vfs = createTestVfs({ node: this });
    this.addModule("vfs:distro:sys", (asked, reply) => {
      const { path, action } = asked.value as { path: string; action: unknown };
      const content = this.vfs.files.get(path.slice(1));
      if (action !== "Hash" || content === undefined) this.vfs.module(asked, reply);
      else reply({ Hash: [...new Bun.CryptoHasher("sha256").update(content).digest()] });
    });
  }

  override route(message: TestMessage): void {
    const other = this.others.get(message.target.split("@")[0]!);
    if (other === undefined || this.cable === "pulled") super.route(message);
    else if (this.cable === "there") other.#arrived(message);
  }

  #arrived(message: TestMessage): void {
    const text = message.body.length < 200 ? new TextDecoder().decode(message.body) : "";
    if (message.kind === "request" && text.startsWith('{"Chunk"')) {
      const { Chunk } = JSON.parse(text) as { Chunk: { name: string; offset: number } };
      this.chunks.push(`${Chunk.name} ${Chunk.offset / MIB}`);
      if (this.#cut !== undefined && --this.#cut.chunks === 0) {
        this.#cut.node.cable = this.cable = this.#cut.cable;
      }
    }
    super.route(message);
  }

  cutAfter(chunks: number, cable: Cable, node: WiredNode): void {
    this.#cut = { chunks, cable, node };
  }

  async tryOut(body: object | string, from?: string): Promise<unknown> {
    const answer = this.ask(TRANSFER, body, from === undefined ? {} : { from });
    await this.settle();
    return JSON.parse((await answer).body);
  }

  async progress(): Promise<Progress | undefined> {
    const { Progress: all } = (await this.tryOut('"Progress"')) as { Progress: Progress[] };
    return all.at(-1);
  }

  file(name: string): Uint8Array | undefined {
    return this.vfs.files.get(`${FILES}/${name}`);
  }
}

interface Pair {
  readonly alice: WiredNode;
  readonly bob: WiredNode;
  /** Time passes on both. */
  pass(ms: number): Promise<void>;
}

async function startPair(): Promise<Pair> {
  const [alice, bob] = [new WiredNode("alice.local"), new WiredNode("bob.local")];
  alice.others.set("bob.local", bob);
  bob.others.set("alice.local", alice);
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += STEP_MS) {
      // Messages go there and back within a step.
      for (let turn = 0; turn < 24; turn++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await alice.settle().then(() => bob.settle());
      }
      // oxlint-disable-next-line no-await-in-loop -- as above
      await Promise.all([alice.advance(STEP_MS), bob.advance(STEP_MS)]);
    }
  };
  for (const node of [alice, bob]) node.start(TRANSFER, program, "restart");
  await pass(STEP_MS);
  return { alice, bob, pass };
}

function content(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * seed + (index >> 8)) & 255);
}

const DOWNLOAD = { Download: { name: "a.bin", target: "alice.local" } };

async function restart({ pass }: Pair, node: WiredNode): Promise<void> {
  node.kill(TRANSFER);
  node.start(TRANSFER, program, "restart");
  await pass(STEP_MS);
}

test("files of other nodes are listed and fetched in pieces, in order", async () => {
  const { alice, bob, pass } = await startPair();
  const bytes = content(5 * MIB + 7, 7);
  alice.vfs.files.set(`${FILES}/a.bin`, bytes);
  alice.vfs.files.set(`${FILES}/empty`, new Uint8Array(0));
  alice.vfs.files.set(`${FILES}/b.part`, bytes);
  const listed = bob.ask(TRANSFER, { ListFiles: { node: "alice.local" } });
  await pass(STEP_MS);
  const files = [
    { name: "a.bin", size: bytes.length },
    { name: "empty", size: 0 },
  ];
  expect(JSON.parse((await listed).body)).toEqual({ ListFiles: files });
  expect(await alice.tryOut('"ListFiles"')).toEqual({ ListFiles: files });
  expect(await bob.tryOut(DOWNLOAD)).toBe("Started");
  expect(await bob.tryOut({ Download: { name: "empty", target: "alice.local" } })).toBe("Started");
  await pass(2_000);
  expect(bob.file("a.bin")).toEqual(bytes);
  expect(bob.file("empty")).toEqual(new Uint8Array(0));
  expect(bob.file("a.bin.part")).toBeUndefined();
  expect(await bob.progress()).toMatchObject({ name: "empty", progress: 100, stage: "done" });
  expect(alice.chunks.filter((each) => each.startsWith("a.bin"))).toEqual(
    [0, 1, 2, 3, 4, 5].map((each) => `a.bin ${each}`),
  );
  expect(bob.lines.map(({ text }) => text)).toContain("a.bin from alice.local is here");
});

test("a pulled cable and silence hold it up; what has come is not fetched again", async () => {
  const { alice, bob, pass } = await startPair();
  const bytes = content(20 * MIB, 3);
  alice.vfs.files.set(`${FILES}/a.bin`, bytes);
  for (const cable of ["pulled", "silent"] as const) {
    alice.cutAfter(9, cable, bob);
    // oxlint-disable-next-line no-await-in-loop -- one trouble after the other
    if (cable === "pulled") await bob.tryOut(DOWNLOAD);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pass(60_000);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const { stage, problem, received } = (await bob.progress())!;
    expect([stage, problem]).toEqual([
      "fetching",
      cable === "pulled" ? "alice.local cannot be reached" : "alice.local does not answer",
    ]);
    expect(received).toBeGreaterThan(0);
    alice.cable = bob.cable = "there";
  }
  await pass(60_000);
  expect(bob.file("a.bin")).toEqual(bytes);
  // Asked for twice is only what was on its way when it happened.
  expect(alice.chunks.length).toBeLessThanOrEqual(20 + 2 * 4);
});

test("a download goes on after restarts of either side", async () => {
  const pair = await startPair();
  const { alice, bob, pass } = pair;
  const bytes = content(12 * MIB, 5);
  alice.vfs.files.set(`${FILES}/a.bin`, bytes);
  alice.cutAfter(6, "pulled", bob);
  await bob.tryOut(DOWNLOAD);
  await pass(STEP_MS);
  const before = bob.file("a.bin.part")!.length;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(bytes.length);
  await restart(pair, bob);
  await restart(pair, alice);
  alice.cable = bob.cable = "there";
  await pass(20_000);
  expect(bob.file("a.bin")).toEqual(bytes);
  expect(alice.chunks.filter((each) => each === "a.bin 0")).toHaveLength(1);
});

test("a file that changes meanwhile begins anew", async () => {
  const { alice, bob, pass } = await startPair();
  alice.vfs.files.set(`${FILES}/a.bin`, content(12 * MIB, 7));
  alice.cutAfter(6, "pulled", bob);
  await bob.tryOut(DOWNLOAD);
  await pass(STEP_MS);
  expect(bob.file("a.bin.part")!.length).toBeGreaterThan(0);
  alice.vfs.put(`${FILES}/a.bin`, "quite another one");
  alice.cable = bob.cable = "there";
  await pass(45_000);
  expect(new TextDecoder().decode(bob.file("a.bin"))).toBe("quite another one");
});

test("content that is not what was announced is thrown away, in the end with an error", async () => {
  const { alice, bob, pass } = await startPair();
  alice.addModule("vfs:distro:sys", (asked, reply) => {
    const { action } = asked.value as { action: unknown };
    if (action === "Hash") reply({ Hash: Array.from({ length: 32 }, () => 7) });
    else alice.vfs.module(asked, reply);
  });
  alice.vfs.put(`${FILES}/a.bin`, "not what the hash says");
  await bob.tryOut(DOWNLOAD);
  await pass(10_000);
  expect(await bob.progress()).toMatchObject({
    stage: "failed",
    problem: "its content is not what was announced",
  });
  expect(bob.file("a.bin")).toBeUndefined();
});

test("no file is replaced, and a cancelled one leaves nothing behind", async () => {
  const { alice, bob, pass } = await startPair();
  alice.vfs.files.set(`${FILES}/a.bin`, content(12 * MIB, 7));
  alice.cutAfter(6, "pulled", bob);
  bob.vfs.put(`${FILES}/a.bin`, "mine");
  await bob.tryOut(DOWNLOAD);
  await pass(STEP_MS);
  expect(await bob.progress()).toMatchObject({ problem: "a file of this name is there already" });
  bob.vfs.files.delete(`${FILES}/a.bin`);
  await bob.tryOut(DOWNLOAD);
  await pass(STEP_MS);
  expect(await bob.tryOut(DOWNLOAD)).toEqual({ Err: "a.bin is being fetched already" });
  expect(await bob.tryOut({ Cancel: "a.bin" })).toEqual({ Ok: null });
  // What it waits for has to end first.
  await pass(31_000);
  expect(await bob.progress()).toMatchObject({ stage: "failed", problem: "cancelled" });
  expect([...bob.vfs.files.keys()]).toEqual([]);
  expect(await bob.tryOut({ Cancel: "a.bin" })).toEqual({ Err: "a.bin is not being fetched" });
});

test("bad input is answered with what is wrong with it", async () => {
  const { alice, bob, pass } = await startPair();
  const wrong = async (body: object | string): Promise<string> =>
    ((await bob.tryOut(body)) as { Err: string }).Err;
  for (const name of ["../a", "a/b", "", ".", "x.part", "a\u001b[2J", "a".repeat(129), 7]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await wrong({ Download: { name, target: "alice.local" } })).toContain(
      "no name of a file",
    );
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await wrong({ Chunk: { name, offset: 0, length: 1 } })).toContain("no name of a file");
  }
  expect(await wrong({ Download: { name: "a", target: "our@x" } })).toContain("no name of a node");
  expect(await wrong({ Download: { name: "a", target: "bob.local" } })).toContain("you are on");
  expect(await wrong({ Chunk: { name: "a", offset: -1, length: 1 } })).toContain("offset is");
  expect(await wrong({ Chunk: { name: "a", offset: 0, length: 2 * MIB } })).toContain("length is");
  for (const body of ["null", "7", "[]", "{}", '{"Chunk":null}', '"Other"', "no json"]) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await wrong(body)).toBeString();
  }
  // Other nodes may only look and fetch.
  const far = `alice.local@${TRANSFER}`;
  bob.tell(TRANSFER, DOWNLOAD, { from: far });
  bob.tell(TRANSFER, { Cancel: "a" }, { from: far });
  await bob.tryOut({ Download: { name: "gone", target: "alice.local" } });
  await pass(STEP_MS);
  const { Progress: all } = (await bob.tryOut('"Progress"')) as { Progress: Progress[] };
  expect(all).toMatchObject([
    { name: "gone", problem: 'alice.local says: there is no file "gone" that can be read' },
  ]);
  expect(alice.isRunning(TRANSFER)).toBe(true);
});
