import { expect, test } from "bun:test";
import { createFakeNetwork } from "../test/fake-servers.ts";
import {
  ADMIN,
  createVirtualClock,
  type EthNode,
  nodeProvider,
  startEth,
  urlProvider,
} from "../test/eth-node.ts";
import { DEFAULT_PROVIDERS, type NodeRecord } from "./index.ts";

const A = "http://a.example/";
const B = "wss://b.example/key";

async function start(
  options: Partial<Parameters<typeof startEth>[0]> = {},
): Promise<{ node: EthNode; run: (body: unknown) => Promise<unknown> }> {
  const clock = createVirtualClock();
  const { transport } = createFakeNetwork(clock);
  const node = await startEth({ clock, transport, ...options });
  return { node, run: (body) => clock.runUntil(node.admin(JSON.stringify(body))) };
}

const saved = (node: EthNode, name: ".eth_providers" | ".eth_access_settings"): unknown =>
  JSON.parse(node.files.get(name) ?? "null");

test("[N91] every configuration action is taken in its documented form and answered in it", async () => {
  const { node, run } = await start();
  const P = { ...(urlProvider(A) as object), trusted: false };
  expect(await run({ AddProvider: P })).toBe("Ok");
  expect(await run("GetProviders")).toEqual({ Providers: [P] });
  expect(await run({ RemoveProvider: [1, A] })).toBe("Ok");
  expect(await run({ GetProviders: null })).toEqual({ Providers: [] });
  expect(await run({ SetProviders: [urlProvider(A), nodeProvider("p.os")] })).toBe("Ok");
  expect(await run("GetProviders")).toEqual({ Providers: [urlProvider(A), nodeProvider("p.os")] });
  expect(await run("SetPublic")).toBe("Ok");
  expect(await run({ AllowNode: "bob.os" })).toBe("Ok");
  expect(await run({ AllowNode: "carol.os" })).toBe("Ok");
  expect(await run({ DenyNode: "dave.os" })).toBe("Ok");
  expect(await run("GetAccessSettings")).toEqual({
    AccessSettings: { public: true, allow: ["bob.os", "carol.os"], deny: ["dave.os"] },
  });
  expect(await run("SetPrivate")).toBe("Ok");
  expect(await run({ UnallowNode: "carol.os" })).toBe("Ok");
  expect(await run({ UndenyNode: "dave.os" })).toBe("Ok");
  expect(await run("GetAccessSettings")).toEqual({
    AccessSettings: { public: false, allow: ["bob.os"], deny: [] },
  });
  expect(await run("GetState")).toEqual({
    State: { active_subscriptions: {}, outstanding_requests: [] },
  });
  await node.stop();
});

test("[N91] both forms of a URL are read; without credentials the text is written", async () => {
  const { node, run } = await start();
  for (const [given, written] of [
    [B, B],
    [{ url: B, auth: null }, B],
    [{ url: B }, B],
    [
      { url: B, auth: { Bearer: "t" } },
      { url: B, auth: { Bearer: "t" } },
    ],
    [
      { url: B, auth: { Basic: "dTpw" } },
      { url: B, auth: { Basic: "dTpw" } },
    ],
    [
      { url: B, auth: { Raw: "Token x" } },
      { url: B, auth: { Raw: "Token x" } },
    ],
  ]) {
    const provider = { chain_id: 1, trusted: true, provider: { RpcUrl: given } };
    expect(await run({ SetProviders: [provider] })).toBe("Ok");
    const expected = [{ chain_id: 1, trusted: true, provider: { RpcUrl: written } }];
    expect(await run("GetProviders")).toEqual({ Providers: expected });
    expect(saved(node, ".eth_providers")).toEqual(expected);
  }
});

test("[N91] a node's record is read under both names, and written under the older; unknown fields do not matter", async () => {
  const { run } = await start();
  const record = {
    name: "base-provider.kino",
    public_key: "0xd5",
    ips: ["15.204.59.64"],
    ports: { ws: 9007 },
    routers: [],
  };
  for (const name of ["kns_update", "hns_update"]) {
    const provider = {
      chain_id: 8453,
      trusted: false,
      provider: {
        Node: { use_as_provider: true, [name]: { ...record, owner: "0x1", node: "0x2" } },
      },
    };
    expect(await run({ SetProviders: [provider] })).toBe("Ok");
    expect(await run("GetProviders")).toEqual({
      Providers: [
        {
          chain_id: 8453,
          trusted: false,
          provider: { Node: { use_as_provider: true, kns_update: record } },
        },
      ],
    });
  }
});

test("adding replaces the entry with the same URL or name, and puts it first", async () => {
  const { run } = await start({ providers: [A, B] });
  const again = { ...(urlProvider(B) as object), trusted: false };
  await run({ AddProvider: again });
  expect(await run("GetProviders")).toEqual({ Providers: [again, urlProvider(A)] });
  // The same URL for another chain is another entry.
  await run({ AddProvider: urlProvider(A, 10) });
  expect(await run("GetProviders")).toEqual({
    Providers: [urlProvider(A, 10), again, urlProvider(A)],
  });
});

for (const [what, body] of Object.entries({
  "no fields": { AddProvider: {} },
  "a URL of another kind": { AddProvider: urlProvider("ftp://x.example/") },
  "no URL": { AddProvider: urlProvider("nonsense") },
  "a header that would be two": {
    AddProvider: {
      chain_id: 1,
      trusted: true,
      provider: { RpcUrl: { url: A, auth: { Raw: "a\r\nb: c" } } },
    },
  },
  "a fraction as chain": { AddProvider: { ...(urlProvider(A) as object), chain_id: 1.5 } },
  "a port that is none": {
    AddProvider: {
      chain_id: 1,
      trusted: true,
      provider: {
        Node: {
          use_as_provider: true,
          kns_update: { name: "a.os", public_key: "", ips: [], ports: { ws: 70000 }, routers: [] },
        },
      },
    },
  },
  "one of a list that is none": { SetProviders: [urlProvider(A), {}] },
  "a removal without name": { RemoveProvider: [1] },
  "a node that is no text": { AllowNode: 7 },
})) {
  test(`[N91] ${what} is malformed and changes nothing`, async () => {
    const { node, run } = await start({ providers: [A] });
    expect(await run(body)).toEqual({ Err: "MalformedRequest" });
    expect(await run("GetProviders")).toEqual({ Providers: [urlProvider(A)] });
    expect(node.files.has(".eth_access_settings")).toBeFalse();
  });
}

const ACTIONS: readonly unknown[] = [
  { AddProvider: urlProvider(B) },
  { RemoveProvider: [1, A] },
  { SetProviders: [] },
  "SetPublic",
  "SetPrivate",
  { AllowNode: "x.os" },
  { UnallowNode: "x.os" },
  { DenyNode: "x.os" },
  { UndenyNode: "x.os" },
  "GetProviders",
  "GetAccessSettings",
  "GetState",
];

test("[N97] without the root capability, or from another node, every configuration action is refused", async () => {
  const { node, run } = await start({ providers: [A] });
  for (const action of ACTIONS) {
    const body = JSON.stringify(action);
    expect((await node.harness.ask("main:app:x.os", { body })).json).toBe("PermissionDenied");
    // The same name on another node, with what it says it holds.
    expect((await node.harness.ask(ADMIN, { body, node: "bob.os" })).json).toBe("PermissionDenied");
  }
  expect(await run("GetProviders")).toEqual({ Providers: [urlProvider(A)] });
  expect(await run("GetAccessSettings")).toEqual({
    AccessSettings: { public: false, allow: [], deny: [] },
  });
});

test("[N97] a capability of another issuer or with other params does not count", async () => {
  const { node } = await start();
  node.harness.give("main:app:x.os", '{"root":false}');
  node.harness.give("main:app:x.os", '"messaging"');
  const body = '"GetProviders"';
  expect((await node.harness.ask("main:app:x.os", { body })).json).toBe("PermissionDenied");
});

test("[N97] changes are in the two files when they are answered", async () => {
  const { node, run } = await start();
  expect(node.files.size).toBe(0);
  await run({ AddProvider: urlProvider(A) });
  expect(saved(node, ".eth_providers")).toEqual([urlProvider(A)]);
  expect(node.files.has(".eth_access_settings")).toBeFalse();
  await run({ AllowNode: "bob.os" });
  expect(saved(node, ".eth_access_settings")).toEqual({
    public: false,
    allow: ["bob.os"],
    deny: [],
  });
  await run({ RemoveProvider: [1, A] });
  expect(saved(node, ".eth_providers")).toEqual([]);
});

test("what was saved is there after a restart, in its order", async () => {
  const first = await start();
  await first.run({ SetProviders: [urlProvider(B), nodeProvider("p.os"), urlProvider(A)] });
  await first.run({ DenyNode: "dave.os" });
  const savedFiles = Object.fromEntries(first.node.files);
  const second = await start({ saved: savedFiles });
  expect(await second.run("GetProviders")).toEqual({
    Providers: [urlProvider(B), nodeProvider("p.os"), urlProvider(A)],
  });
  expect(await second.run("GetAccessSettings")).toEqual({
    AccessSettings: { public: false, allow: [], deny: ["dave.os"] },
  });
});

test("an unreadable file of providers falls back to the defaults, says so, and is left alone", async () => {
  for (const text of ["{", "[{}]", '"x"', "[1]", ""]) {
    const { node, run } = await start({
      saved: { ".eth_providers": text },
      defaults: DEFAULT_PROVIDERS,
    });
    const { Providers } = (await run("GetProviders")) as { Providers: unknown[] };
    expect(Providers).toHaveLength(4);
    expect(node.harness.prints.map(({ text: line }) => line).join()).toContain(
      ".eth_providers is no list of providers",
    );
    expect(node.files.get(".eth_providers")).toBe(text);
  }
});

test("unreadable access settings let nobody in", async () => {
  const { run } = await start({ saved: { ".eth_access_settings": '{"public":true}' } });
  expect(await run("GetAccessSettings")).toEqual({
    AccessSettings: { public: false, allow: [], deny: [] },
  });
});

test("the defaults are those of version 1.0.0", async () => {
  const { run } = await start({ defaults: DEFAULT_PROVIDERS });
  const { Providers } = (await run("GetProviders")) as { Providers: unknown[] };
  expect(Providers[2]).toEqual({
    chain_id: 8453,
    trusted: false,
    provider: {
      Node: {
        use_as_provider: true,
        kns_update: {
          name: "base-provider.kino",
          public_key: "0xd5184461b7af5e7aad88b5c34508403ff53a68962423c89574eea9cef586f5a0",
          ips: ["15.204.59.64"],
          ports: { ws: 9007 },
          routers: [],
        },
      },
    },
  });
});

test("a provider named at the start is put first and saved, once", async () => {
  const rpc = {
    chainId: 8453,
    trusted: true,
    place: { kind: "url", url: B, auth: undefined },
  } as const;
  const { node, run } = await start({ providers: [A], rpc });
  expect(await run("GetProviders")).toEqual({ Providers: [urlProvider(B, 8453), urlProvider(A)] });
  expect(saved(node, ".eth_providers")).toEqual([urlProvider(B, 8453), urlProvider(A)]);
});

test("nodes that are providers are introduced at the start, and when one is added", async () => {
  const known: NodeRecord[] = [];
  const { run } = await start({
    saved: { ".eth_providers": [nodeProvider("p.os"), urlProvider(A)] },
    introduce: (record) => void known.push(record),
  });
  expect(known.map(({ name }) => name)).toEqual(["p.os"]);
  await run({ AddProvider: nodeProvider("q.os") });
  expect(known.map(({ name }) => name)).toContain("q.os");
});

test("a change that cannot be saved holds until the next start, with a line", async () => {
  const clock = createVirtualClock();
  const { transport } = createFakeNetwork(clock);
  const node = await startEth({ clock, transport });
  node.files.set = () => {
    throw new Error("disk full");
  };
  expect(await node.admin(JSON.stringify({ AddProvider: urlProvider(A) }))).toBe("Ok");
  expect(await node.admin('"GetProviders"')).toEqual({ Providers: [urlProvider(A)] });
  expect(node.harness.prints.map(({ text }) => text).join()).toContain("disk full");
});
