/**
 * Simulated nodes on a local chain, with the real program. Source: spec/network-identity.md §3.8.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Chain, findAnvil, startChain } from "@kinode-ts/chain";
import { createNodeSigner, decodeKeyfile } from "@kinode-ts/crypto";
import {
  decodeEntry,
  decodeLog,
  encodeGet,
  LOCAL_KIMAP,
  nameHash,
  toHex,
  TOPICS,
} from "@kinode-ts/kimap";
import { freePort } from "@kinode-ts/testing/free-port";
import { killAllDetached, startDetached } from "./detached-node.ts";
import { startNodeProgram } from "./node-program.ts";
import { kinode } from "./run-kinode.ts";
import { typedExamples } from "./typed-examples.ts";

setDefaultTimeout(120_000);
const GUIDE = readFileSync(join(import.meta.dir, "../../../docs/guides/chain.md"), "utf8");
// oxlint-disable-next-line no-control-regex -- what moves the cursor and styles text is not what a test reads
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[78])/g;

/** `…` stands for the rest of a row, and other rows may come between. */
function rowsPattern(shown: string): RegExp {
  const rows = shown.split("\n");
  return new RegExp(rows.map((row) => RegExp.escape(row).replace(/…$/, ".*")).join("[^]*?"));
}
const hasAnvil = findAnvil() !== undefined;
if (!hasAnvil) console.warn("Skipped: simulated nodes, because anvil is not there");

describe.skipIf(!hasAnvil)("simulated nodes", () => {
  const folder = mkdtempSync(join(tmpdir(), "simulation-"));
  let chain: Chain;
  beforeAll(async () => {
    chain = await startChain({ port: 0 });
  });
  afterAll(async () => {
    killAllDetached();
    await chain.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ports = new Map<string, number>();
  const portOf = (name: string): number => {
    const port = ports.get(name) ?? freePort();
    ports.set(name, port);
    return port;
  };
  /** With a port of its own: one that is free may be another node's a moment later. */
  const flags = (name: string): string[] => [
    "--ws-port",
    String(portOf(name)),
    "--fake-node-name",
    name,
    "--fakechain-port",
    String(chain.port),
    "--password",
    "secret",
  ];
  const noteOf = async (note: string) => {
    const call = { to: LOCAL_KIMAP.registry, data: encodeGet(nameHash(note)) };
    return decodeEntry(await chain.rpc("eth_call", [call, "latest"]))!.data;
  };
  const registryLogs = async (fromBlock: number) =>
    (await chain.rpc("eth_getLogs", [
      { address: LOCAL_KIMAP.registry, fromBlock: `0x${fromBlock.toString(16)}` },
    ])) as { topics: string[] }[];
  const height = async (): Promise<number> => Number(await chain.rpc("eth_blockNumber", []));
  const keyIn = async (home: string): Promise<Uint8Array> => {
    const bytes = new Uint8Array(readFileSync(join(home, ".keys")));
    // The password itself, not a hash of it.
    return createNodeSigner((await decodeKeyfile(bytes, "secret")).networkingSeed).publicKey;
  };
  /** Runs the program until it prints a text. */
  const runUntil = async (args: readonly string[], wanted: string) => {
    const main = join(import.meta.dir, "../src/main.ts");
    const child = Bun.spawn([process.execPath, main, ...args], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const reader = child.stdout.getReader();
    const decoder = new TextDecoder();
    let output = "";
    while (!output.includes(wanted)) {
      // oxlint-disable-next-line no-await-in-loop -- until it says so
      const { value, done } = await reader.read();
      if (done) throw new Error(`The program ended:\n${output}`);
      output += decoder.decode(value, { stream: true });
    }
    // The rest of what came with it.
    output += decoder.decode();
    return { child, output };
  };

  test("[N78] the first start mints the name, the second writes its notes anew", async () => {
    const home = join(folder, "carol");
    const before = await height();
    const first = await startDetached(home, flags("carol.dev"));
    const kinds = (await registryLogs(before + 1)).map(({ topics }) => topics[0]);
    const { mint, transfer, note } = TOPICS;
    expect(kinds).toEqual([mint, transfer, note, note, note, transfer]);
    const notes = (await registryLogs(before + 1)).map(
      (log) => decodeLog(log, LOCAL_KIMAP)?.event.label,
    );
    expect(notes.filter((label) => label !== undefined)).toEqual([
      "carol",
      "~ip",
      "~ws-port",
      "~net-key",
    ]);
    // The mint, and one block more.
    expect((await height()) - before).toBe(2);
    expect(await noteOf("~net-key.carol.dev")).toEqual(await keyIn(home));
    expect(await first.stop()).toBe(0);

    const between = await height();
    const second = await startDetached(home, flags("carol.dev"));
    const later = (await registryLogs(between + 1)).map(({ topics }) => topics[0]);
    expect(later).toEqual([note, note, note]);
    expect(await noteOf("~net-key.carol.dev")).toEqual(await keyIn(home));
    expect(second.output()).toContain("this node is simulated");
    expect(await second.stop()).toBe(0);

    // Without a name: who the home holds, with the port of the chain.
    const port = await noteOf("~ws-port.carol.dev");
    const unchanged = await height();
    const open = ["--fakechain-port", String(chain.port), "--password", "secret"];
    const third = await startDetached(home, open);
    expect(third.output()).toContain("carol.dev is running");
    expect(await height()).toBe(unchanged);
    expect(toHex(await noteOf("~ws-port.carol.dev"))).toBe(toHex(port));
    expect(await third.stop()).toBe(0);
    const refused = await kinode("start", home, "--detached", ...open, "--ws-port", "4242");
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining("--ws-port says 4242, but"),
    ]);
    const wrong = await kinode("start", home, "--detached", ...open.slice(0, 3), "wrong");
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining("has another password")]);
  });

  test("[P19][P19.3] two nodes find each other through the chain, say hi, look up a hash, and show what they are", async () => {
    const bob = await startDetached(join(folder, "bob"), flags("bob.dev"));
    const alice = await startNodeProgram(join(folder, "alice"), flags("alice.os"));
    // As docs/guides/chain.md says; both have to have read the other's name first.
    for (const { line, shown } of typedExamples(GUIDE, "> ")) {
      const pattern = rowsPattern(shown);
      for (const deadline = performance.now() + 60_000; ;) {
        alice.forget();
        // oxlint-disable-next-line no-await-in-loop -- until it is so
        await alice.type(line);
        // oxlint-disable-next-line no-await-in-loop
        await alice.shows(/response from|routers: |is known on chain|offline|timed out/);
        if (pattern.test(alice.received().replace(ESCAPES, "").replaceAll("\r", ""))) break;
        if (performance.now() > deadline)
          throw new Error(`"${line}" shows:\n${alice.received()}\n${bob.output()}`);
        // oxlint-disable-next-line no-await-in-loop
        await Bun.sleep(200);
      }
    }
    const deadline = performance.now() + 60_000;
    while (!bob.output().includes("alice.os: hello") && performance.now() < deadline) {
      // oxlint-disable-next-line no-await-in-loop -- until it is printed
      await Bun.sleep(50);
    }
    expect(bob.output()).toContain("alice.os: hello");
    const hash = nameHash("bob.dev");
    await alice.type(`namehash-to-name ${hash}`);
    await alice.shows(new RegExp(`${hash}: bob\\.dev`));
    await alice.type("kfetch");
    await alice.shows(/routing: direct at 127\.0\.0\.1 with (?:ws, tcp|tcp, ws|ws|tcp)\b/);
    await alice.shows(/1 eth providers for chain ids 31337/);
    await alice.stop();
    expect(await bob.stop()).toBe(0);
  });

  test("the chain's own command says where it is and what to do next, and ends in order", async () => {
    const { child, output } = await runUntil(["chain", "-p", "0"], "Next");
    expect(output).toMatch(/A chain with the id 31337 runs at http:\/\/127\.0\.0\.1:\d+/);
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
    const { code, err } = await kinode("chain", "--port", "x");
    expect([code, err]).toEqual([1, 'kinode: --port takes a number from 0 to 65535, not "x"']);
  });

  test("one command starts a throw-away node and its chain, and leaves nothing behind", async () => {
    const home = join(folder, "thrown-away");
    const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = probe;
    probe.stop(true);
    const args = ["boot-fake-node", "-d", "-p", "0", "-o", home, "-f", "x.dev", "-c", String(port)];
    const { child, output } = await runUntil(args, "x.dev is running");
    expect(output).toContain(`Started a chain at http://127.0.0.1:${port}`);
    expect(existsSync(home)).toBe(true);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    expect(existsSync(home)).toBe(false);
    const isUp = await fetch(`http://127.0.0.1:${port}`).then(
      () => true,
      () => false,
    );
    expect(isUp).toBe(false);
  });

  test("a home with a real node is left alone", async () => {
    const home = join(folder, "real");
    const real = await startDetached(home);
    expect(await real.stop()).toBe(0);
    const keys = readFileSync(join(home, ".keys"));
    const { code, err } = await kinode("start", home, "--detached", ...flags("eve.dev"));
    expect([code, err]).toEqual([1, expect.stringContaining("holds a node that is not simulated")]);
    expect(readFileSync(join(home, ".keys"))).toEqual(keys);
  });
});
