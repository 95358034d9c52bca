/**
 * What a program does with packages that need more than their modules: files beside them, threads, WebAssembly. `check-tarballs.ts`
 * runs each in a project that has nothing but the tarballs.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readmeBlocks } from "./readme-blocks.ts";

export interface TarballUse {
  readonly name: string;
  /** Throws, or does not end in time, when something of it is missing. */
  readonly code: string;
}

const POWERS = `
const clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (ms, fire) => { const timer = setTimeout(fire, ms); timer.unref(); return { cancel: () => clearTimeout(timer) }; },
  afterTurn: (turn) => void setImmediate(turn),
};
const random = { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)), u64: () => crypto.getRandomValues(new BigUint64Array(1))[0] };
const folder = (await import("node:fs")).mkdtempSync((await import("node:os")).tmpdir() + "/kinode-use-");
const same = (seen, wanted) => { if (!Bun.deepEquals(seen, wanted)) throw new Error("seen: " + Bun.inspect(seen)); };
process.on("exit", () => require("node:fs").rmSync(folder, { recursive: true }));
`;

/** Disk threads, and the one that is told of changes. */
const VFS = `${POWERS}
const { openDiskFolder, openFolderVfs } = await import("@kinode-ts/vfs");
const { files } = openFolderVfs({ folder });
await files.makeDirectories("/p:x.os/d");
for (const size of [100, 300_000, 5_000_000]) {
  const bytes = new Uint8Array(size).map((_, index) => index);
  await files.write("/p:x.os/d/f", bytes);
  same((await files.read("/p:x.os/d/f")), bytes);
}
const seen = Promise.withResolvers();
const look = await openDiskFolder(folder).look("p:x.os/d", true, { changed: (path) => seen.resolve(path), lost() {} });
await Bun.write(folder + "/p:x.os/d/by-hand", "1");
same(await seen.promise, "p:x.os/d/by-hand");
look[Symbol.dispose]();
`;

/** The SQL engine is a component beside the modules. */
const DATA = `${POWERS}
const { openFolderKv, openFolderSqlite } = await import("@kinode-ts/data");
const { createModuleHarness } = await import("@kinode-ts/testing/module-harness");
const ask = async (module, action, blob) => {
  const package_id = { package_name: "p", publisher_node: "x.os" };
  const { json, blob: answer } = await module.ask("main:p:x.os", { body: { package_id, db: "d", action }, blob });
  return [json, answer && new TextDecoder().decode(answer.bytes)];
};
const sqlite = createModuleHarness(openFolderSqlite({ folder: folder + "/sqlite", clock, random }));
await sqlite.start();
same((await ask(sqlite, "Open"))[0], "Ok");
same((await ask(sqlite, { Write: { statement: "CREATE TABLE t (a)", tx_id: null } }))[0], "Ok");
same((await ask(sqlite, { Write: { statement: "INSERT INTO t VALUES (7)", tx_id: null } }))[0], "Ok");
same(await ask(sqlite, { Query: "SELECT a FROM t" }), ["Read", '[{"a":7}]']);
const kv = createModuleHarness(openFolderKv({ folder: folder + "/kv", clock, random }));
await kv.start();
same((await ask(kv, "Open"))[0], "Ok");
same((await ask(kv, { Set: { key: [1], tx_id: null } }, "value"))[0], "Ok");
same(await ask(kv, { Get: [1] }), [{ Get: [1] }, "value"]);
`;

/** Their own examples say it: the cipher of connections, a server, the engine of scripts beside the modules. */
const EXAMPLES = ["crypto", "store", "net", "http", "engine"];

/** By the folder of each package. */
export function tarballUses(root: string): readonly TarballUse[] {
  const examples = EXAMPLES.flatMap((name) => {
    const readme = readFileSync(join(root, "packages", name, "README.md"), "utf8");
    return readmeBlocks(readme).map(({ code }) => ({ name, code }));
  });
  return [{ name: "vfs", code: VFS }, { name: "data", code: DATA }, ...examples];
}

/** The same with what was built instead of the sources, which Bun takes by itself. */
export function builtUse({ name, code }: TarballUse): TarballUse {
  const built = `../node_modules/@kinode-ts/${name}/dist/index.js`;
  return { name: `${name}, built`, code: code.replaceAll(`"@kinode-ts/${name}"`, `"${built}"`) };
}
