/**
 * Valid messages of every action of every module, from which cases are made.
 * Source: spec/runtime-modules.md and docs/modules.
 * @module
 */
import { packZip } from "@kinode-ts/kit";
import { toTree, type Tree } from "./json-text.ts";
import { SPECIFIED, type Specified } from "./specified.ts";

export interface Seed {
  readonly body: Tree;
  readonly blob: Uint8Array | undefined;
}

export interface Target {
  /** Which module. */
  readonly process: string;
  readonly seeds: readonly Seed[];
  /** Bodies it may be silent about, as documented: their senders are told by the timeout. */
  readonly silentAbout: RegExp | undefined;
  /** What its bodies are to be; `undefined`: that is not looked at. */
  readonly specified: Specified | undefined;
}

const encoder = new TextEncoder();
const text = (value: string): Uint8Array => encoder.encode(value);

const P = { package_name: "p", publisher_node: "x.os" };

function seed(body: unknown, blob?: string | Uint8Array): Seed {
  return { body: toTree(body), blob: typeof blob === "string" ? text(blob) : blob };
}

function product<A>(items: readonly A[], make: (item: A) => readonly Seed[]): Seed[] {
  return items.flatMap(make);
}

// Some more than once: most cases are to reach a file.
const PATHS = [
  "/p:x.os/d/f",
  "/p:x.os/d/f",
  "/p:x.os/d/f",
  "/p:x.os/d/sub/g",
  "/p:x.os/d/sub/g",
  "/p:x.os/d",
  "/p:x.os/d/out/secret.txt",
  "/q:y.os/e/f",
  "/p:x.os/d/up/canary.txt",
];
const FILES = new Map([
  ["a.txt", text("hello")],
  ["dir/b.txt", text("more")],
  ["../escape.txt", text("out")],
  ["/absolute.txt", text("out")],
]);

function vfsSeeds(): Seed[] {
  const plain = [
    "CreateDrive",
    "CreateDir",
    "CreateDirAll",
    "CreateFile",
    "CloseFile",
    "SyncAll",
    "Read",
    "ReadToEnd",
    "ReadToString",
    "ReadDir",
    "RemoveFile",
    "RemoveDir",
    "RemoveDirAll",
    "Metadata",
    "Len",
    "Hash",
  ];
  const fields: unknown[] = [
    { OpenFile: { create: true } },
    { ReadExact: { length: 3 } },
    { Seek: { Start: 1 } },
    { Seek: { End: -1 } },
    { Seek: { Current: 1 } },
    { SetLen: 5 },
    { Rename: { new_path: "/p:x.os/d/renamed" } },
    { CopyFile: { new_path: "/p:x.os/d/copied" } },
    { Watch: { watch: 1, recursive: true } },
    { Unwatch: { watch: 1 } },
  ];
  // What removes everything comes from elsewhere in the mix often enough: most cases are to find something.
  const removes = ["RemoveDir", "RemoveDirAll"];
  return product(PATHS, (path) => [
    ...[...plain, "Usage", ...fields]
      .filter((action) => path !== "/p:x.os/d" || !removes.includes(action as string))
      .map((action) => seed({ path, action })),
    ...["Write", "WriteAll", "Append"].map((action) => seed({ path, action }, "some bytes")),
    seed({ path, action: "AddZip" }, packZip(FILES)),
  ]);
}

function databaseSeeds(actions: readonly (readonly [unknown, string?])[]): Seed[] {
  return product(["d", "d", "d", "e"], (db) =>
    actions
      .filter(([action]) => db === "e" || action !== "RemoveDb")
      .map(([action, blob]) => seed({ package_id: P, db, action }, blob)),
  );
}

const KV_ACTIONS: readonly (readonly [unknown, string?])[] = [
  ["Open"],
  [{ Set: { key: [104, 105], tx_id: null } }, "value"],
  [{ Set: { key: [1], tx_id: 1 } }, "value"],
  [{ Delete: { key: [104, 105], tx_id: null } }],
  [{ Get: [104, 105] }],
  ["BeginTx"],
  [{ Commit: { tx_id: 1 } }],
  [{ IterStart: { prefix: [104], start: null, end: null, reverse: false } }],
  [{ IterNext: { iterator_id: 1, count: 10 } }],
  [{ IterClose: { iterator_id: 1 } }],
  ["RemoveDb"],
];

const SQL_ACTIONS: readonly (readonly [unknown, string?])[] = [
  ["Open"],
  [
    {
      Write: { statement: "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, v)", tx_id: null },
    },
  ],
  [{ Write: { statement: "INSERT INTO t (v) VALUES (?)", tx_id: null } }, '["text"]'],
  [{ Write: { statement: "INSERT INTO t (v) VALUES (?), (?)", tx_id: 1 } }, "[1, 2.5]"],
  [
    { Write: { statement: "UPDATE t SET v = ? WHERE id = ?", tx_id: null } },
    "[null, 9223372036854775807]",
  ],
  [{ Query: "SELECT * FROM t WHERE id > ? LIMIT 20" }, "[0]"],
  [{ Query: "PRAGMA table_info(t)" }],
  [{ Query: "ATTACH '/etc/passwd' AS x" }],
  [{ Query: "SELECT load_extension('x'), readfile('/etc/passwd')" }],
  [{ Write: { statement: "VACUUM INTO '/etc/copied'", tx_id: null } }],
  ["BeginTx"],
  [{ Commit: { tx_id: 1 } }],
  ["RemoveDb"],
];

function httpServerSeeds(): Seed[] {
  const binding = { path: "/x", authenticated: true, local_only: false, cache: false };
  return [
    seed({ Bind: binding }),
    seed({ Bind: { ...binding, path: "/:id/*rest", cache: true } }, "page"),
    seed({ SecureBind: { path: "/s", cache: false } }),
    seed({ Unbind: { path: "/x" } }),
    seed({ WebSocketBind: { path: "/ws", authenticated: true, extension: false } }),
    seed({ WebSocketSecureBind: { path: "/ws", extension: false } }),
    seed({ WebSocketUnbind: { path: "/ws" } }),
    seed({ WebSocketPush: { channel_id: 7, message_type: "Text" } }, "frame"),
    seed(
      {
        WebSocketExtPushOutgoing: {
          channel_id: 7,
          message_type: "Binary",
          desired_reply_type: "Response",
        },
      },
      "frame",
    ),
    seed({ WebSocketExtPushData: { id: 1, kinode_message_type: "Response", blob: [1] } }),
    seed({ WebSocketOpen: { path: "/", channel_id: 7 } }),
    seed({ WebSocketClose: 7 }),
    seed({
      Bind: {
        ...binding,
        stream_request: true,
        max_body_bytes: 1_000,
        rate_limit: { per_second: 5, burst: 5 },
      },
    }),
    seed({ BodyRead: { stream: 1, max_bytes: 10 } }),
    seed({ BodyWrite: { stream: 1 } }, "part"),
    seed({ BodyEnd: { stream: 1 } }),
    seed({ BodyAbort: { stream: 1 } }),
  ];
}

/** @param port - of a server on this machine */
function httpClientSeeds(port: number): Seed[] {
  const request = {
    method: "GET",
    version: null,
    url: `http://localhost:${port}/page?q=1#h`,
    headers: { Accept: "*/*" },
  };
  const socket = { url: `ws://localhost:${port}/ws`, headers: {}, channel_id: 1 };
  return [
    seed({ Http: request }),
    seed({ Http: { ...request, method: "POST" } }, "body"),
    seed({ Http: { ...request, url: `http://localhost:${port}/redirect` } }),
    seed({ Http: { ...request, stream_response: 1, request_id: 3 } }),
    seed({ Http: { ...request, method: "PUT", stream_request: 1 } }),
    seed({ HttpAbort: { request_id: 3 } }),
    seed({ WebSocketOpen: socket }),
    seed({ WebSocketPush: { channel_id: 1, message_type: "Text" } }, "text"),
    seed({ WebSocketPush: { channel_id: 1, message_type: "Ping" } }, "text"),
    seed({ WebSocketClose: { channel_id: 1 } }),
    seed({ BodyRead: { stream: 1, max_bytes: 10 } }),
    seed({ BodyWrite: { stream: 1 } }, "part"),
    seed({ BodyEnd: { stream: 1 } }),
    seed({ BodyAbort: { stream: 1, reading: true } }),
  ];
}

function schedulerSeeds(): Seed[] {
  return [
    seed({
      Schedule: {
        id: "a",
        cron: "*/5 * * * *",
        time_zone: "Europe/Berlin",
        catch_up: "once",
        body: "b",
      },
    }),
    seed({ Schedule: { id: "b", cron: "0 0 12 L * MON#2" } }),
    seed({ Schedule: { id: "c", every: 60_000, catch_up: "none" } }),
    seed({ Schedule: { id: "d", at: 4_102_444_800_000 } }),
    seed({ Unschedule: { id: "a" } }),
    seed("List"),
  ];
}

function ethSeeds(): Seed[] {
  const call = (method: string, params: unknown): Seed =>
    seed({ Request: { chain_id: 1, method, params } });
  const subscribe = (kind: string, params: unknown): Seed =>
    seed({ SubscribeLogs: { sub_id: 1, chain_id: 1, kind, params } });
  const filter = { address: "0xaa", topics: [["0x01"], null], fromBlock: "0x1" };
  const kns_update = {
    name: "base-provider.kino",
    public_key: "0x11",
    ips: ["127.0.0.1"],
    ports: { ws: 9007 },
    routers: [],
  };
  const url = { url: "ws://localhost:1/", auth: { Bearer: "t" } };
  const providers = [
    { chain_id: 1, trusted: true, provider: { RpcUrl: url } },
    { chain_id: 2, trusted: false, provider: { Node: { use_as_provider: true, kns_update } } },
  ];
  return [
    call("eth_blockNumber", null),
    call("eth_getBalance", ["0xaa", "latest"]),
    call("eth_getLogs", [filter]),
    call("eth_sendRawTransaction", ["0x02"]),
    call("eth_feeHistory", ["0x1", "latest", [25.5]]),
    subscribe("logs", filter),
    subscribe("newHeads", null),
    seed({ UnsubscribeLogs: 1 }),
    seed({ UnsubscribeLogs: 18446744073709551615n }),
    seed({ AddProvider: providers[0] }),
    seed({ AddProvider: providers[1] }),
    seed({ RemoveProvider: [1, "ws://localhost:1/"] }),
    seed({ SetProviders: providers }),
    ...["AllowNode", "UnallowNode", "DenyNode", "UndenyNode"].map((name) =>
      seed({ [name]: "x.os" }),
    ),
    ...["SetPublic", "SetPrivate", "GetProviders", "GetAccessSettings", "GetState"].map((name) =>
      seed(name),
    ),
    seed({ Ok: { id: 1, result: { data: "0x" } } }),
    seed({ Err: { id: 1, error: "gone" } }),
    seed(7),
  ];
}

const ANYTHING = /(?:)/;

/** All modules. @param port - of a server on this machine for the HTTP client */
export function createTargets(port: number): ReadonlyMap<string, Target> {
  const target = (name: string, seeds: readonly Seed[], silentAbout?: RegExp): [string, Target] => [
    name,
    { process: `${name}:distro:sys`, seeds, silentAbout, specified: SPECIFIED.get(name) },
  ];
  const id = "main:p:x.os";
  return new Map([
    target("vfs", vfsSeeds()),
    target("kv", databaseSeeds(KV_ACTIONS)),
    target("sqlite", databaseSeeds(SQL_ACTIONS)),
    target(
      "timer",
      [
        seed({ SetTimer: 0 }),
        seed({ SetTimer: 1 }),
        seed({ SetTimer: 3_000_000_000 }),
        seed("Debug"),
      ],
      ANYTHING,
    ),
    target("scheduler", schedulerSeeds()),
    target("http-server", httpServerSeeds()),
    target("http-client", httpClientSeeds(port), /stream|Body/),
    target(
      "state",
      [
        seed({ GetState: id }),
        seed({ SetState: id }, "state"),
        seed({ DeleteState: id }),
        seed({ GetState: "kernel:distro:sys" }),
        seed({ SetState: "../../x:y:z" }, "state"),
      ],
      ANYTHING,
    ),
    target(
      "fd-manager",
      [
        ...["RequestFdsLimit", "FdsLimitHit", "GetState"].map((action) => seed(action)),
        seed({ GetProcessFdLimit: "vfs:distro:sys" }),
        seed({ UpdateMaxFdsAsFractionOfUlimitPercentage: 50 }),
        seed({ UpdateUpdateUlimitSecs: 10 }),
        seed({ UpdateCullFractionDenominator: 2 }),
        seed({ FdsLimit: 3 }),
      ],
      ANYTHING,
    ),
    target("log", [
      seed({ Recent: { lines: 3, package: "p:x.os", verbosity: 2 } }),
      seed({ Recent: { package: null } }),
      seed({ Trace: { process: "p:x.os" } }),
    ]),
    target("net", [seed("GetPeers"), seed({ GetPeer: "bob.os" }), seed("Sign", "bytes")]),
    target("eth", ethSeeds()),
  ]);
}
