import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  createNodeSigner,
  decodeKeyfile,
  encodeKeyfile,
  hashPassword,
  type Keyfile,
  verifyLoginToken,
} from "@kinode-ts/crypto";
import { AttemptLimiter } from "@kinode-ts/http";
import { type Hex, KIMAP, nameHash, toHex } from "@kinode-ts/kimap";
import { createSeededRandom, createVirtualClock, type VirtualClock } from "@kinode-ts/testing";
import { mainThreadMs } from "@kinode-ts/testing/processor-time";
import type { NodeId } from "@kinode-ts/types";
import {
  decodeFunctionData,
  encodeAbiParameters,
  encodeFunctionResult,
  hashTypedData,
  parseAbi,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { BOOT_TYPE_HASH, bootDigest, domainSeparator, recoverSigner } from "./boot-signature.ts";
import { type ChainIdentity, Registration } from "./registration.ts";

const NAME = "alice-node.os" as NodeId;
const HASH = "0x85e554c44b3ba387c0e4a2557ba292beec26837aa00d8374662e6fb4415173fa";
const ABI = parseAbi([
  "function get(bytes32) view returns (address, address, bytes)",
  "function aggregate((address target, bytes data)[]) returns (uint256, bytes[])",
]);
const ZERO = `0x${"0".repeat(40)}` as const;
const wallet = privateKeyToAccount(`0x${"11".repeat(32)}`);
const stranger = privateKeyToAccount(`0x${"12".repeat(32)}`);
const TYPES = {
  Boot: [
    { name: "username", type: "string" },
    { name: "password_hash", type: "bytes32" },
    { name: "timestamp", type: "uint256" },
    { name: "direct", type: "bool" },
    { name: "reset", type: "bool" },
    { name: "chain_id", type: "uint256" },
  ],
} as const;

interface BootFields {
  username: string;
  password_hash: string;
  reset: boolean;
  direct: boolean;
  timestamp: number;
}
const typedBoot = (fields: BootFields) =>
  ({
    domain: { name: "Kimap", version: "1", chainId: 8453, verifyingContract: KIMAP.registry },
    types: TYPES,
    primaryType: "Boot",
    message: {
      ...fields,
      password_hash: fields.password_hash as Hex,
      timestamp: BigInt(fields.timestamp),
      chain_id: 8453n,
    },
  }) as const;

/** A registry in memory, encoded and decoded by a library that is not ours. */
class FakeRegistry {
  readonly entries = new Map<Hex, { owner: Hex; data: Hex }>();
  reads = 0;
  broken = false;

  set(name: string, owner: Hex, data: Uint8Array = new Uint8Array(0)): void {
    this.entries.set(nameHash(name), { owner, data: toHex(data) });
  }

  readonly call = (to: Hex, data: Hex): Promise<unknown> => {
    this.reads++;
    if (this.broken) return Promise.resolve("0x01");
    const { functionName, args } = decodeFunctionData({ abi: ABI, data });
    if (functionName === "get") return Promise.resolve(this.#get(args[0]));
    expect(to).toBe(KIMAP.multicall);
    const answers = args[0].map((call) => {
      expect(call.target).toBe(KIMAP.registry);
      const inner = decodeFunctionData({ abi: ABI, data: call.data });
      return this.#get(inner.args[0] as Hex);
    });
    return Promise.resolve(
      encodeFunctionResult({ abi: ABI, functionName: "aggregate", result: [1n, answers] }),
    );
  };

  #get(hash: Hex): Hex {
    const { owner = ZERO, data = "0x" as Hex } = this.entries.get(hash) ?? {};
    return encodeAbiParameters(
      [{ type: "address" }, { type: "address" }, { type: "bytes" }],
      [ZERO, owner, data],
    );
  }
}

let clock: VirtualClock;
let registry: FakeRegistry;
let stored: Uint8Array | undefined;
let said: string[];
let registration: Registration;
let server: ReturnType<typeof Bun.serve>;

function start(forced: { ws?: number; tcp?: number } = {}): void {
  registration = new Registration({
    config: KIMAP,
    call: registry.call,
    networking: {
      ip: "1.2.3.4",
      ports: new Map([
        ["tcp", 10_000],
        ["ws", 9_000],
      ]),
      routers: ["default-router-3.kino", "default-router-7.kino"] as NodeId[],
    },
    forced: { ws: forced.ws, tcp: forced.tcp },
    readKeyfile: () => stored,
    pages: new Map([["index.html", new TextEncoder().encode("<p>register</p>")]]),
    attempts: new AttemptLimiter({ clock, burstCount: 5, refillMs: 60_000 }),
    secure: false,
    clock,
    random: createSeededRandom(5),
    say: (text) => said.push(text),
  });
}

beforeEach(() => {
  clock = createVirtualClock();
  registry = new FakeRegistry();
  stored = undefined;
  said = [];
  start();
  // A real client: it alone sets the length of a body.
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => registration.handle(request, "127.0.0.1"),
  });
});
afterEach(() => server.stop(true));

const get = (path: string): Promise<Response> => fetch(new URL(path, server.url));
const post = (path: string, body: unknown = {}): Promise<Response> =>
  fetch(new URL(path, server.url), {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    redirect: "manual",
  });
const answer = async (response: Response): Promise<unknown> => [
  response.status,
  await response.json(),
];

async function bootBody(change: Partial<BootFields> = {}, signer = wallet): Promise<object> {
  const fields: BootFields = {
    username: NAME,
    password_hash: HASH,
    reset: false,
    direct: false,
    timestamp: clock.nowMs() + 1_735_689_600_000,
    ...change,
  };
  const signature = await signer.signTypedData(typedBoot(fields));
  return { ...fields, owner: signer.address, signature, chain_id: 8453 };
}

async function keyfileOf(change: Partial<Keyfile> = {}): Promise<Uint8Array> {
  const keyfile: Keyfile = {
    name: NAME,
    routers: [],
    networkingSeed: new Uint8Array(32).fill(1),
    jwtSecret: new Uint8Array(32).fill(3),
    fileKey: new Uint8Array(32).fill(4),
    ...change,
  };
  return await encodeKeyfile(keyfile, HASH, createSeededRandom(9));
}
const KEY = createNodeSigner(new Uint8Array(32).fill(1)).publicKey;
function publish(notes: Readonly<Record<string, readonly number[] | Uint8Array>>): void {
  registry.set(NAME, wallet.address);
  for (const [note, data] of Object.entries(notes)) {
    registry.set(`${note}.${NAME}`, ZERO, Uint8Array.from(data));
  }
}
const DIRECT = {
  "~net-key": KEY,
  "~ip": [5, 6, 7, 8],
  "~ws-port": [0x23, 0x28],
  "~tcp-port": [0, 0],
};

test("[N84] type hash, domains and digest of a boot are the documented ones", () => {
  expect(BOOT_TYPE_HASH).toBe("0x7f8e783beb36143c0ca2f0650d4c3d3184e5b6005bbd97ded4354ddff9dda7b2");
  expect(toHex(domainSeparator(KIMAP))).toBe(
    "0x2e18f3d0b2289a3e401c3058bb8d26a11857cf7d67abd9188964783184280d37",
  );
  const hypermap = {
    ...KIMAP,
    domainName: "Hypermap",
    registry: "0x000000000044C6B8Cb4d8f0F889a3E47664EAeda",
  } as const;
  expect(toHex(domainSeparator(hypermap))).toBe(
    "0x05709be3f4b0d100b046f32e169af991a8887180a2c72852f5142b8767c971a3",
  );
  const fields = {
    username: NAME,
    password_hash: HASH,
    reset: false,
    direct: false,
    timestamp: 1_735_689_600_000,
  };
  const digest = bootDigest(
    {
      username: NAME,
      passwordHash: Uint8Array.fromHex(HASH.slice(2)),
      reset: false,
      direct: false,
      timestamp: 1_735_689_600_000n,
    },
    KIMAP,
  );
  expect(toHex(digest)).toBe("0x278c00fe6f436c8ca9a2f2cb4686cb92e93784b03c8792a1a6822ca9736efb8f");
  expect(toHex(digest)).toBe(hashTypedData(typedBoot(fields)));
});

test("what is no signature has no signer", async () => {
  const digest = new Uint8Array(32).fill(7);
  const signature = await wallet.sign({ hash: toHex(digest) });
  expect(recoverSigner(digest, signature)).toBe(wallet.address.toLowerCase() as Hex);
  const bad = ["", "0x", signature.slice(0, -2), `${signature}00`, `0x${"00".repeat(65)}`];
  bad.push(`0x${"ff".repeat(64)}1b`, `${signature.slice(0, -2)}1d`, signature.slice(2));
  for (const text of bad) expect(recoverSigner(digest, text)).toBeUndefined();
});

test("[N85] a boot takes milliseconds, refuses times before two minutes ahead in seconds, and asks for the owner five times", async () => {
  registry.set(NAME, wallet.address);
  const nowSeconds = Math.floor(clock.nowMs() / 1_000);
  const early = await post("/boot", await bootBody({ timestamp: nowSeconds + 119 }));
  expect(await answer(early)).toEqual([401, "Timestamp is outdated."]);
  const foreign = post("/boot", await bootBody({}, stranger));
  const startedMs = clock.monotonicMs();
  let settled = false;
  void foreign.then(() => (settled = true));
  while (!settled) {
    await new Promise(setImmediate);
    await clock.advance(100);
  }
  expect(clock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(4 * 2_000);
  expect(await answer(await foreign)).toEqual([401, "Recovered address does not match owner"]);
  expect(registry.reads).toBe(5);
  const inTime = Math.floor(clock.nowMs() / 1_000) + 120;
  expect((await post("/boot", await bootBody({ timestamp: inTime }))).status).toBe(302);
  // Milliseconds of the same moment are far ahead of it in seconds.
  start();
  expect((await post("/boot", await bootBody({ timestamp: Date.now() }))).status).toBe(302);
});

test("[N86] the routes answer in the documented shapes, and success is 302 with the keyfile and the cookie", async () => {
  expect(await answer(await get("/info"))).toEqual([404, "Keyfile not present"]);
  expect(await (await get("/our")).text()).toBe("");
  expect(await answer(await get("/current-chain"))).toEqual([200, "0x2105"]);
  const networking = await answer(await post("/generate-networking-info"));
  expect(networking).toEqual([
    200,
    {
      name: "",
      networking_key: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      routing: {
        Both: {
          ip: "1.2.3.4",
          ports: { tcp: 10_000, ws: 9_000 },
          routers: ["default-router-3.kino", "default-router-7.kino"],
        },
      },
    },
  ]);
  expect(await answer(await post("/generate-networking-info"))).toEqual(networking);
  for (const path of ["/", "/login", "/commit-os-name", "/reset", "/import-keyfile"]) {
    const page = await get(path);
    expect(await page.text()).toBe("<p>register</p>");
    expect(page.headers.get("cache-control")).toBe(
      "no-store, no-cache, must-revalidate, proxy-revalidate",
    );
  }
  registry.set(NAME, wallet.address);
  const response = await post("/boot", await bootBody());
  expect([response.status, response.headers.get("location")]).toEqual([302, null]);
  const keyfile = await decodeKeyfile(
    Uint8Array.fromBase64((await response.json()) as string),
    HASH,
  );
  const [, key] = networking as [number, { networking_key: string }];
  expect(toHex(createNodeSigner(keyfile.networkingSeed).publicKey)).toBe(key.networking_key as Hex);
  const cookie = response.headers.get("set-cookie")!;
  const [, token] =
    /^kinode-auth_alice-node\.os=([^;]+); Path=\/; .*HttpOnly; SameSite=Strict$/.exec(cookie)!;
  expect(verifyLoginToken(token!, keyfile.jwtSecret)).toMatchObject({ username: NAME });
  const made = await registration.identity;
  expect(made.routing).toEqual({ kind: "routers", routers: keyfile.routers });
  stored = made.keyfileBytes;
  expect(await answer(await get("/info"))).toEqual([
    200,
    { name: NAME, allowed_routers: ["default-router-3.kino", "default-router-7.kino"] },
  ]);
  expect(await (await get("/our")).text()).toBe(NAME);
  stored = Uint8Array.of(1, 2, 3);
  expect(await answer(await get("/info"))).toEqual([401, "keyfile deserialization went wrong"]);
  expect((await get("/assets/../../etc/passwd")).status).toBe(404);
});

test("[N83] a boot makes a login secret of 32 bytes; a file with one of 2 bytes is read, and gets a long one", async () => {
  registry.set(NAME, wallet.address);
  await post("/boot", await bootBody({ direct: true }));
  const made = await registration.identity;
  expect(made.keyfile.jwtSecret).toHaveLength(32);
  expect(made.routing).toMatchObject({ kind: "direct", ip: "1.2.3.4" });
  start();
  publish(DIRECT);
  stored = await keyfileOf({ jwtSecret: Uint8Array.of(1, 2) });
  expect((await decodeKeyfile(stored, HASH)).jwtSecret).toEqual(Uint8Array.of(1, 2));
  expect((await post("/login", { password_hash: HASH })).status).toBe(302);
  const renewed = await registration.identity;
  expect(renewed.keyfile.jwtSecret).toHaveLength(32);
  expect(await decodeKeyfile(renewed.keyfileBytes, HASH)).toEqual(renewed.keyfile);
});

test("[N87] login and import are refused when the registry has another key, and take the address from the registry", async () => {
  stored = await keyfileOf();
  const keyfile = stored.toBase64();
  const login = () => post("/login", { password_hash: HASH, subdomain: null });
  const importIt = () => post("/import-keyfile", { password_hash: HASH, keyfile });
  publish({ ...DIRECT, "~net-key": new Uint8Array(32).fill(9) });
  for (const send of [login, importIt]) {
    expect(await answer(await send())).toEqual([
      500,
      `Networking key from PKI (0x${"09".repeat(32)}) does not match our saved networking key (${toHex(KEY)})`,
    ]);
  }
  publish(DIRECT);
  start({ ws: 9_001 });
  expect(await answer(await login())).toEqual([
    500,
    "Binary used --ws-port flag to set port to 9001, but node is using port 9000 onchain.",
  ]);
  for (const send of [login, importIt]) {
    start();
    expect(await answer(await send())).toEqual([302, keyfile]);
    const { routing }: ChainIdentity = await registration.identity;
    expect(routing).toEqual({ kind: "direct", ip: "5.6.7.8", ports: new Map([["ws", 9_000]]) });
  }
});

test("routers come from the keyfile; others in the registry are told to the person", async () => {
  stored = await keyfileOf({ routers: ["r1.os", "r2.os"] as NodeId[] });
  const hash = (name: string) => Uint8Array.fromHex(nameHash(name).slice(2));
  publish({ "~net-key": KEY, "~routers": [...hash("r1.os"), ...hash("r2.os")] });
  expect((await post("/login", { password_hash: HASH })).status).toBe(302);
  expect((await registration.identity).routing).toEqual({
    kind: "routers",
    routers: ["r1.os", "r2.os"] as NodeId[],
  });
  expect(said).toEqual([]);
  publish({ "~net-key": KEY, "~routers": [...hash("r2.os")] });
  expect((await post("/login", { password_hash: HASH })).status).toBe(302);
  expect(said).toEqual([expect.stringContaining("other routers")]);
});

test("bad input gets its documented answer and changes nothing", async () => {
  registry.set(NAME, wallet.address);
  const body = await bootBody();
  const cases: (readonly [string, unknown, number, string?])[] = [
    ["/boot", "{", 400],
    ["/boot", "[]", 400],
    ["/boot", "null", 400],
    ["/boot", {}, 400],
    ["/boot", { ...body, timestamp: -1 }, 400],
    ["/boot", { ...body, timestamp: "soon" }, 400],
    ["/boot", { ...body, username: "../evil", password_hash: HASH }, 400],
    ["/boot", { ...body, password_hash: "0x00" }, 401, "Invalid password hash"],
    ["/boot", { ...body, signature: "0x00" }, 404],
    ["/boot", { ...body, padding: "x".repeat(16_384) }, 413],
    ["/login", { password_hash: HASH }, 404, "Keyfile not present"],
    ["/login", {}, 400],
    ["/import-keyfile", { password_hash: HASH, keyfile: "*" }, 400, "Keyfile not valid base64"],
    ["/import-keyfile", { password_hash: HASH, keyfile: "AAAA" }, 401, "Incorrect password!"],
    ["/elsewhere", {}, 404],
  ];
  for (const [path, sent, status, text] of cases) {
    const response = await post(path, sent);
    const got = (await response.json()) as string;
    expect([path, response.status]).toEqual([path, status]);
    if (text !== undefined) expect(got).toBe(text);
  }
  registry.broken = true;
  expect(await answer(await post("/boot", body))).toEqual([
    500,
    "Failed to decode kimap entry from return bytes",
  ]);
  stored = await keyfileOf();
  registry.broken = false;
  const wrong = await hashPassword("wrong", NAME);
  expect(await answer(await post("/login", { password_hash: wrong }))).toEqual([
    401,
    "Incorrect password!",
  ]);
});

test("[N89] password attempts are throttled, and the event loop goes on while one is computed", async () => {
  stored = await keyfileOf();
  publish(DIRECT);
  let longestMs = 0;
  let lastMs = mainThreadMs();
  const ticking = setInterval(() => {
    const nowMs = mainThreadMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 1);
  const statuses: number[] = [];
  let spentMs = 0;
  for (let attempt = 0; attempt < 6; attempt++) {
    const startedMs = performance.now();
    statuses.push((await post("/login", { password_hash: `0x${"00".repeat(32)}` })).status);
    if (attempt === 0) spentMs = performance.now() - startedMs;
  }
  clearInterval(ticking);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  // One derivation takes long; the loop never stood still for anything like it.
  expect(longestMs).toBeLessThan(Math.max(20, spentMs / 2));
  await clock.advance(60_000);
  expect((await post("/login", { password_hash: HASH })).status).toBe(302);
});
