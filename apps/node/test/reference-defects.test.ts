/**
 * What the reference gets wrong and this node must not: a package that tries it, on a whole node. Rows that belong to one
 * package are tested there (`[P26] row …`).
 * Source: spec/packages-and-tools.md §26.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts, writeScript } from "./script-package.ts";
import { typeLine } from "./type-line.ts";

const OWNER = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import { openKv } from "@kinode-ts/stdlib/kv";
import { openSqlite } from "@kinode-ts/stdlib/sqlite";
import { createDrive, createFile, file } from "@kinode-ts/stdlib/vfs";

export default defineProcess(async () => {
  const kv = await openKv("secrets");
  await kv.set("k", "secret");
  const sql = await openSqlite("secrets");
  await sql.run("CREATE TABLE IF NOT EXISTS t (a TEXT)");
  await sql.run("INSERT INTO t VALUES ('secret')");
  const path = (await createDrive("data")) + "/secret";
  await (await createFile(path)).write("secret");
  await serve(async () => ({
    kv: new TextDecoder().decode(await kv.getOrThrow("k")),
    sqlite: await sql.query("SELECT a FROM t"),
    vfs: await file(path).text(),
  }));
});
`;

/** It may message all of them, the kernel too; it must get no further. */
const THIEF = `
import { Capability, capabilities, defineProcess, json, our, request, send, serve, spawn } from "@kinode-ts/stdlib";
import { kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import { openKv } from "@kinode-ts/stdlib/kv";
import { openSqlite } from "@kinode-ts/stdlib/sqlite";
import { createDrive, file, openDir, vfsRequest } from "@kinode-ts/stdlib/vfs";

const codeOf = (thrown: { code?: string }) => thrown.code ?? String(thrown);
const node = () => our().node;
const wanted = () => [
  Capability.withJson(node() + "@vfs:distro:sys", { root: true }),
  Capability.withJson(node() + "@kernel:distro:sys", { root: true }),
  Capability.withJson(node() + "@kernel:distro:sys", "network"),
  ...["read", "write"].flatMap((kind) => [
    Capability.withJson(node() + "@kv:distro:sys", { kind, db_key: ["owner:example.os", "secrets"] }),
    Capability.withJson(node() + "@sqlite:distro:sys", { kind, db_key: ["owner:example.os", "secrets"] }),
    Capability.withJson(node() + "@vfs:distro:sys", { kind, drive: "/owner:example.os/data" }),
  ]),
];
const got = () => wanted().filter((each) => capabilities.list().some((held) => held.equals(each))).length;

async function storage() {
  const foreign = { package: "owner:example.os" };
  const kv = await openKv("secrets", foreign);
  const sql = await openSqlite("secrets", foreign);
  const path = "/owner:example.os/data/secret";
  return {
    kv: [await kv.get("k").catch(codeOf), await kv.set("k", "x").catch(codeOf), await kv.transaction((tx) => tx.set("k", "x")).catch(codeOf)],
    sqlite: [
      await sql.query("SELECT * FROM t").catch(codeOf),
      await sql.run("DELETE FROM t").catch(codeOf),
      await sql.transaction((tx) => tx.run("DELETE FROM t")).catch(codeOf),
    ],
    vfs: [await file(path).text().catch(codeOf), await file(path).write("x").catch(codeOf)],
  };
}

const commands = {
  async zip(blob: Uint8Array) {
    const drive = await createDrive("unpacked");
    const outcome = await vfsRequest(drive, "AddZip", { blob }).then(() => "unpacked", codeOf);
    return { outcome, files: (await (await openDir(drive)).entries()).length };
  },
  async grant() {
    const capabilities = wanted();
    await send("our@kernel:distro:sys", kernelCommand({ GrantCapabilities: { target: our().processId.toString(), capabilities } }));
    await request("our@kernel:distro:sys", kernelCommand({ Debug: "ProcessMap" }));
    return { got: got(), storage: await storage() };
  },
  async save() {
    await capabilities.save(wanted());
    return { got: got(), storage: await storage() };
  },
  storage,
  state: () =>
    request("our@state:distro:sys", { GetState: "owner:owner:example.os" }, { timeout: "1s" }).then(
      (answer) => answer.text(),
      codeOf,
    ),
};

export default defineProcess(() =>
  serve(async (message) => {
    const command = commands[message.text() as keyof typeof commands];
    return json(await command(message.blob()?.bytes ?? new Uint8Array()));
  }),
);
`;

const STORAGE = ["vfs:distro:sys", "kv:distro:sys", "sqlite:distro:sys"];
const REFUSED = {
  kv: ["NoReadCap", "NoWriteCap", "NoWriteCap"],
  sqlite: ["NoReadCap", "NoWriteCap", "NoWriteCap"],
  vfs: ["NoReadCap", "NoWriteCap"],
};

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  await installScript(node, "owner", OWNER, { request: STORAGE, grant: STORAGE });
  const all = [...STORAGE, "kernel:distro:sys", "state:distro:sys"];
  await installScript(node, "thief", THIEF, { request: all, grant: all });
  // What is asked while it starts is answered a moment later, which has to pass.
  const ready = node.ask("owner:owner:example.os", "look", { timeoutSeconds: 600 });
  let isReady = false;
  void ready.finally(() => (isReady = true)).catch(() => {});
  for (; !isReady; await Bun.sleep(5)) await node.advance(5);
}, 60_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

const thief = async (command: string, bytes?: Uint8Array): Promise<unknown> => {
  const blob = bytes === undefined ? {} : { blob: { mime: undefined, bytes } };
  return (await node.ask("thief:thief:example.os", command, { timeoutSeconds: 60, ...blob })).body;
};
const untouched = async (): Promise<void> => {
  expect((await node.ask("owner:owner:example.os", "look")).body).toEqual({
    kv: "secret",
    sqlite: [{ a: "secret" }],
    vfs: "secret",
  });
};

/** A zip with one stored file of any name, as no tool would write it. */
function zipOf(name: string, text: string): Uint8Array {
  const [path, content] = [Buffer.from(name), Buffer.from(text)];
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt32LE(Bun.hash.crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), fields, path, content]);
  const central = Buffer.concat([
    Buffer.from("PK\u0001\u0002"),
    Buffer.from([20, 0]),
    fields,
    Buffer.alloc(14),
    path,
  ]);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return new Uint8Array(Buffer.concat([local, central, end]));
}

const TIMEOUT_MS = 30_000;

test(
  "[P26] row 2: an archive unpacks nothing outside of where it is unpacked",
  async () => {
    expect(await thief("zip", zipOf("fine.txt", "x"))).toEqual({ outcome: "unpacked", files: 1 });
    for (const name of [
      "../../owner:example.os/data/secret",
      "/owner:example.os/data/secret",
      "a/../../../owner:example.os/data/secret",
      "..\\..\\secret",
    ]) {
      expect(await thief("zip", zipOf(name, "x"))).toEqual({ outcome: "UnzipError", files: 1 });
    }
    await untouched();
  },
  TIMEOUT_MS,
);

test(
  "[P26] row 3: who may message the kernel makes no rights for itself",
  async () => {
    expect(await thief("grant")).toEqual({ got: 0, storage: REFUSED });
    await untouched();
  },
  TIMEOUT_MS,
);

test(
  "[P26] row 3a: a capability that never came with a message is not saved",
  async () => {
    expect(await thief("save")).toEqual({ got: 0, storage: REFUSED });
    await untouched();
  },
  TIMEOUT_MS,
);

test(
  "[P26] row 3b: every module that stores asks for the capability, and does as it is answered",
  async () => {
    expect(await thief("storage")).toEqual(REFUSED);
    const asking = thief("state");
    await node.advance(2_000);
    expect(await asking).toBe("Timeout");
    await untouched();
  },
  TIMEOUT_MS,
);

test(
  "[P26] row 3c: a package whose program cannot run is refused as a whole, with the reason",
  async () => {
    const folder = writeScript("broken", "export {};");
    const garbage = writeScript("garbage", "export {};", {
      files: { "pkg/garbage.wasm": "no program" },
    });
    await Bun.write(
      `${garbage}/pkg/manifest.json`,
      (await Bun.file(`${folder}/pkg/manifest.json`).text())
        .replaceAll("broken", "garbage")
        .replace("/garbage.js", "/garbage.wasm"),
    );
    await Bun.file(`${garbage}/src/garbage.ts`).delete();
    await expect(node.install(garbage)).rejects.toThrow(/garbage\.wasm/);
    expect(node.kernel.process("garbage:garbage:example.os" as never)).toBeUndefined();
  },
  TIMEOUT_MS,
);

test(
  "[P26] row 11: ending a process that is not there is answered at once",
  async () => {
    const before = node.clock.nowMs();
    const { errors } = await typeLine(node, "kill nobody:thief:example.os");
    expect(errors).toContain("nobody:thief:example.os");
    expect(node.clock.nowMs() - before).toBeLessThan(5_000);
  },
  TIMEOUT_MS,
);
