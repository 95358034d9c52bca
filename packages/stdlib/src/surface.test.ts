/**
 * The library has everything of the specification's tables, by section; what each does is proven where it is tested against
 * real modules (`apps/node/test/stdlib-*.test.ts`, `kv`, `vfs`, `sqlite`) and beside its source.
 * Source: spec/packages-and-tools.md §25.
 */
import { expect, test } from "bun:test";
import * as app from "./app/index.ts";
import * as eth from "./eth/index.ts";
import * as home from "./homepage.ts";
import * as server from "./http/index.ts";
import * as client from "./http-client/index.ts";
import * as root from "./index.ts";
import * as kernelTypes from "./kernel-types.ts";
import * as kimap from "./kimap/index.ts";
import * as kv from "./kv.ts";
import * as logging from "./logging/index.ts";
import * as net from "./net.ts";
import * as scripting from "./scripting/index.ts";
import * as sqlite from "./sqlite.ts";
import { TestNode, useHost } from "./testing/index.ts";
import * as timer from "./timer.ts";
import * as vfs from "./vfs.ts";

type Class = { readonly prototype: object };

/** Names of a class and of what it inherits, or of an object. */
function namesOf(what: object | Class): ReadonlySet<string> {
  const names = new Set<string>();
  const start = typeof what === "function" && "prototype" in what ? what.prototype : what;
  for (let at: unknown = start; at !== null && at !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
    at = Object.getPrototypeOf(at) as unknown;
  }
  return names;
}

/** Fails with the names that are missing. */
function has(what: object | Class, names: string): void {
  const there = namesOf(what);
  expect(names.split(" ").filter((name) => !there.has(name))).toEqual([]);
}

/** The same for what is on the class itself. */
function hasStatic(what: object, names: string): void {
  expect(names.split(" ").filter((name) => !(name in what))).toEqual([]);
}

/** What a process sees of a value: it is called inside one. */
async function inProcess<T>(look: () => T | Promise<T>): Promise<T> {
  const node = new TestNode();
  let seen: { readonly value: T } | undefined;
  node.start("me:test:sys", (host) => {
    useHost(host);
    host.main(root.defineProcess(async () => void (seen = { value: await look() })).init);
  });
  await node.settle();
  useHost(undefined);
  const ending = node.endings.get("me:test:sys");
  if (ending instanceof Error) throw ending;
  return seen!.value;
}

test("[P25] 25.1 life cycle, messages, state, capabilities", async () => {
  has(root, "defineProcess defineWidget receive inbox receiveBody send sendAll request respond");
  has(root, "lastBlob jsonBlob state spawn spawnInline our capabilities onExit print console");
  has(scripting, "defineScript");
  has(root.IncomingRequest, "blob hasBlob blobAs");
  has(root.IncomingResponse, "blob hasBlob blobAs");
  has(root.state, "raw load save");
  has(root.state.raw, "get set clear");
  has(root.capabilities, "list save drop canMessage find");
  has(root.onExit, "get set");
  has(root.console, "log error warn info debug");
  expect(Symbol.asyncIterator in root.inbox).toBe(true);
  const seen = await inProcess(() => {
    const { our } = root;
    const { node, process, package: name, publisher } = our;
    const texts = [`${our}`, JSON.stringify(our), our().toString(), our.packageId().toString()];
    return [node, process, name, publisher, our.equals(our()), our.processId.toString(), ...texts];
  });
  const text = "test.os@me:test:sys";
  const parts = ["test.os", "me", "test", "sys", true, "me:test:sys"];
  expect(seen).toEqual([...parts, text, `"${text}"`, text, "test:sys"]);
  expect(() => root.our.node).toThrow(root.NoHostError);
});

test("[P25] 25.2 names, capabilities, messages, what happens at the end, errors", () => {
  const { Address, PackageId, ProcessId } = root;
  const address = Address.of("a.os", "p", "q", "r.os");
  has(address, "node process package publisher packageId toString equals toJSON");
  has(address.processId, "process package publisher packageId toString equals toJSON");
  has(address.packageId(), "package publisher toString equals toJSON");
  for (const same of [
    Address.parse("a.os@p:q:r.os"),
    new Address("a.os", ProcessId.of("p", "q", "r.os")),
    new Address("a.os", ProcessId.parse("p:q:r.os")),
  ]) {
    expect(same.equals(address)).toBe(true);
    expect(JSON.stringify([same])).toBe('["a.os@p:q:r.os"]');
  }
  expect(address.packageId().equals(PackageId.of("q", "r.os"))).toBe(true);
  expect(ProcessId.of(undefined, "q", "r.os").process).toMatch(/^\d+$/);
  const codes = ["a@b@c:d:e", "a@b:c:d:e", "@b:c:d", "a@b:c"].map((text) => {
    try {
      return Address.parse(text);
    } catch (thrown) {
      return thrown instanceof root.AddressParseError ? thrown.code : thrown;
    }
  });
  expect(codes).toEqual(["TooManyAts", "TooManyColons", "MissingNode", "MissingField"]);
  expect(() => ProcessId.parse("A:b:c")).toThrow(root.ProcessIdParseError);
  has(root.Capability, "paramsJson equals issuerAddress toJSON");
  hasStatic(root.Capability, "from withJson messaging");
  has(root.IncomingRequest, "source capabilities isLocal isFrom json text bytes respond");
  has(root.IncomingResponse, "source capabilities isLocal isFrom json text bytes");
  has(root.SendError, "isOffline isTimeout text code");
  for (const error of [root.SendError, root.BuildError, root.SpawnError]) {
    expect(error.prototype).toBeInstanceOf(Error);
  }
  has(root, "fromWebBlob");
});

test("[P25] 25.3 the builders", () => {
  const both = "inherit body metadata blob blobMime blobBytes capabilities attachAll send";
  has(root.Request, `${both} target expectsResponse context attachMessaging sendAndAwaitResponse`);
  hasStatic(root.Request, "to");
  has(root.Response, both);
});

test("[P25] 25.4 files", () => {
  has(vfs, "createDrive open createFile removeFile openDir removeDir removePath metadata");
  has(vfs, "vfsRequest parseResponse addZip rename File Directory VfsError");
  has(vfs.File, "bytes text json readInto rest restText stream write writeAt append seek setLen");
  has(vfs.File, "copy metadata syncAll close len hash");
  expect(Symbol.asyncDispose in vfs.File.prototype).toBe(true);
  has(vfs.Directory, "entries");
});

test("[P25] 25.5 keys and values", () => {
  has(kv, "openKv removeKv KvError");
  has(kv.Kv, "get getOrThrow set delete transaction scan");
});

test("[P25] 25.6 SQL", () => {
  has(sqlite, "openSqlite removeSqlite SqliteError");
  has(sqlite.Sqlite, "query sql run transaction");
});

test("[P25] 25.7 timer, home page, network", () => {
  has(timer, "setTimer setTimeout clearTimeout sleep timers");
  has(timer.timers, "debug");
  has(home.homepage, "add remove");
  has(net, "net names isDirect getProtocolPort routers");
  has(net.net, "sign verify peers peer diagnostics");
  has(net.names, "fromHash");
});

test("[P25] 25.7 the helpers of identities", () => {
  const ports = new Map([
    ["tcp", 9000],
    ["ws", 0],
  ]);
  const routing = { kind: "direct", ip: "1.2.3.4", ports } as unknown as net.NodeRouting;
  expect(net.isDirect({ routing })).toBe(true);
  expect([net.getProtocolPort({ routing }, "tcp"), net.getProtocolPort({ routing }, "ws")]).toEqual(
    [9000, undefined],
  );
  expect(net.routers({ routing })).toEqual([]);
  const indirect: net.NodeRouting = { kind: "routers", routers: ["r.os"] };
  expect(net.isDirect({ routing: indirect })).toBe(false);
  expect(net.routers({ routing: indirect })).toEqual(["r.os"]);
  expect(net.getProtocolPort({ routing: indirect }, "tcp")).toBeUndefined();
});

test("[P25] 25.8 serving HTTP and web sockets", () => {
  has(server, "createHttpServer reply mimeType sendWsPush Request Response Channel");
  has(server.HttpServer, "bind static bindAll modifyHttpPath modifyWsPath unbindHttpPath");
  has(server.HttpServer, "unbindWsPath ws file ui unserveUi handle channels broadcast");
  has(server.Channel, "send close");
  has(server.Request, "url method headers path kinode json text bytes formData");
  expect(server.mimeType("a.html")).toStartWith("text/html");
});

test("[P25] 25.8 asking other servers", () => {
  has(client, "fetch WebSocket openWebSocket http");
  has(client.http, "send answerOf");
  has(client.WebSocket, "send close addEventListener removeEventListener readyState");
  hasStatic(client.WebSocket, "CONNECTING OPEN CLOSING CLOSED");
});

test("[P25] 25.9 chains and the name registry", () => {
  has(eth, "createProvider kinodeTransport ethConfig EthError");
  const { EthProvider } = eth;
  has(EthProvider, "getBlockNumber getGasPrice getAccounts getBalance getTransactionCount");
  has(EthProvider, "getCode getStorageAt getBlockByHash getBlockByNumber getTransactionByHash");
  has(EthProvider, "getTransactionReceipt getLogs call estimateGas getFeeHistory");
  has(EthProvider, "sendRawTransaction subscribeLogs subscribeBlocks");
  has(eth.ethConfig, "providers addProvider removeProvider setProviders access setPublic");
  has(eth.ethConfig, "allowNode unallowNode denyNode undenyNode state");
  has(kimap, "KIMAP_ADDRESS KIMAP_CHAIN_ID KIMAP_FIRST_BLOCK KIMAP_ROOT_HASH kimapAbi Kimap");
  has(kimap, "namehash validName validNote validFact validEntry decodeMintLog decodeNoteLog");
  has(kimap, "decodeFactLog resolveParent resolveFullName");
  has(kimap.Kimap, "get getHash getNamehashFromTba mintFilter noteFilter factFilter");
  has(kimap.Kimap, "notesFilter factsFilter");
});

test("[P25] 25.10 logging and the kernel's types", () => {
  has(logging, "initLogging log");
  has(logging.log, "debug info warn error");
  has(kernelTypes, "kernelCommand KERNEL");
  for (const name of ["Blob", "Message", "OnExit", "Request", "Response", "SendError"]) {
    has(kernelTypes, `toKernel${name} fromKernel${name}`);
  }
  has(kernelTypes, "fromKernelCapability");
  // The types of the section, checked by the compiler: losing one does not compile.
  const types: [
    kernelTypes.KernelCommand?,
    kernelTypes.KernelResponse?,
    kernelTypes.StateAction?,
    kernelTypes.StateError?,
    kernelTypes.Erc721Metadata?,
    kernelTypes.Erc721Properties?,
    kernelTypes.PackageManifestEntry?,
    kernelTypes.DotScriptsEntry?,
    kernelTypes.ProcessMap?,
    kernelTypes.PersistedProcess?,
  ] = [];
  expect(types).toEqual([]);
});

test("[P25] 25.11 processes by declaration", () => {
  has(app, "defineProcess handler");
});
