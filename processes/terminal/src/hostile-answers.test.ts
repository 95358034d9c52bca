/**
 * What others answer cannot make a row that looks like another one: names, rights, errors and greetings with line breaks,
 * escape sequences and turned text in them. What a screen takes out besides is tested in `packages/terminal`.
 */
import { expect, test } from "bun:test";
import { encodeNetResponse, decodeNetAction, type NodeIdentity } from "@kinode-ts/codec/net";
import { encodeUtf8 } from "@kinode-ts/stdlib";
import { startTerminal } from "../test/terminal-node.ts";

const HOSTILE = [
  "a\nforged: row",
  "a\r\nforged: row",
  "a\u2028forged: row",
  "a\u2029forged: row",
  "a\u0085forged: row",
  "a\u000bforged: row",
  "\u001b[2J\u001b[Hforged: row",
  "\u009b2J\u009b1;1Hforged: row",
  "\u001b]0;forged: row\u0007",
  "\u202eforged: row\u2066",
  `x${"\u0301".repeat(1_000)}forged: row`,
  "中".repeat(1_000),
  `a\n${"forged: row\n".repeat(20_000)}`,
] as const;
// oxlint-disable-next-line no-control-regex -- these must not be there
const BREAKS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/u;

/** No row begins with what others have said, and nothing breaks or turns one. */
function check(shown: string): void {
  expect(shown).not.toBe("");
  // Not `toMatch`: it would show all of a very long text.
  expect(BREAKS.exec(shown)?.index).toBeUndefined();
  expect(/^\s*forged/m.exec(shown)?.index).toBeUndefined();
}

test("process ids and rights in ps, top and caps", async () => {
  for (const text of HOSTILE) {
    const id = `${text.slice(0, 2_000).replaceAll(":", "")}:evil:evil.os`;
    // oxlint-disable-next-line no-await-in-loop -- a node for each
    const { type, node } = await startTerminal([id]);
    for (const line of ["ps", "ps -a", "top", "top -c", "caps -h y:z:w"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const shown = await type(line);
      if (!line.startsWith("caps")) check(shown);
      if (line.startsWith("ps")) {
        const scripts = node.endings.size;
        expect(scripts).toBeGreaterThan(0);
        expect(shown.split("\n")).toHaveLength(3);
      }
    }
  }
}, 120_000);

test("nodes in peers, peer and kfetch", async () => {
  const { node, type } = await startTerminal();
  let hostile = "";
  const identity = (): NodeIdentity => ({
    name: hostile,
    networkingKey: hostile,
    routing: { kind: "direct", ip: hostile, ports: new Map([[hostile, 9_000]]) },
  });
  node.addModule("net:distro:sys", ({ body }, reply) => {
    const action = decodeNetAction(body);
    if (action.kind === "GetPeers") {
      const routed = { ...identity(), routing: { kind: "routers", routers: [hostile] } } as const;
      reply(encodeNetResponse({ kind: "Peers", peers: [identity(), routed] }));
    } else if (action.kind === "GetPeer") {
      reply(encodeNetResponse({ kind: "Peer", peer: identity() }));
    }
  });
  for (const text of HOSTILE) {
    hostile = text;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const peers = await type("peers");
    check(peers);
    expect(peers.split("\n")).toHaveLength(6);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    check(await type("peer x"));
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const fetched = await type("kfetch");
    check(fetched);
    expect(fetched.split("\n")).toHaveLength(12);
  }
}, 120_000);

test("providers, their errors, names on chain, and what a module of state says", async () => {
  const { node, type } = await startTerminal();
  let hostile = "";
  node.addModule("eth:distro:sys", ({ value }, reply) => {
    if (value === "GetProviders") {
      const kns_update = { name: hostile, public_key: "", ips: [], ports: {}, routers: [] };
      const nodeProvider = { Node: { use_as_provider: true, kns_update } };
      const providers = [
        { chain_id: 1, trusted: true, provider: { RpcUrl: hostile } },
        { chain_id: 1, trusted: true, provider: nodeProvider },
      ];
      return reply({ Providers: providers });
    }
    reply({ Err: { RpcError: { code: -32_000, message: hostile } } });
  });
  node.addModule("kns-indexer:kns-indexer:sys", (_, reply) => reply({ Name: hostile }));
  node.addModule("state:distro:sys", (_, reply) => reply({ Err: { IOError: { error: hostile } } }));
  for (const text of HOSTILE) {
    hostile = text;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const providers = await type("get-providers");
    check(providers);
    expect(providers.split("\n")).toHaveLength(2);
    for (const line of [
      "get-block",
      `namehash-to-name 0x${"1".repeat(64)}`,
      "clear-state a:b:c.os",
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const shown = await type(line);
      check(shown);
      expect(shown.split("\n")).toHaveLength(1);
    }
  }
}, 120_000);

test("a script of another package in a pipe cannot begin a row without its name", async () => {
  const { vfs, programs, type } = await startTerminal();
  let hostile = "";
  const entry = { root: false, public: false, request_networking: false };
  vfs.put("old:alice.os/pkg/scripts.json", JSON.stringify({ "say.wasm": entry }));
  vfs.put("old:alice.os/pkg/say.wasm", "code");
  programs.set("/old:alice.os/pkg/say.wasm", (host) =>
    host.main(async () => {
      await host.receive();
      const blob = { mime: "text/plain", bytes: encodeUtf8(hostile) };
      await host.sendResponse({ body: hostile, metadata: "1", blob });
    }),
  );
  for (const text of HOSTILE) {
    hostile = text;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const shown = await type("echo x | say:old:alice.os");
    for (const row of shown.split(/\r\n|[\n\u2028\u2029]/))
      expect(row).toStartWith("old:alice.os: ");
  }
}, 120_000);
