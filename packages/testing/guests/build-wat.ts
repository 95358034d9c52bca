/**
 * Builds the hand-written guests: `wat/<name>.wat` → `built/<name>.wasm`, each a true component.
 * Run: `bun packages/testing/guests/build-wat.ts` (all), or with names; `--check` compares instead of writing.
 *
 * In a source, the line `;;! prelude` stands for the memory, the bump allocator and `cabi_realloc` of `wat/prelude.txt`,
 * and `;;! world <package> <world>` chooses another WIT world than kinode:process/process-v1@1.0.0.
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";

const here = import.meta.dir;
const witFolder = `${here}/../../../wit`;
const ADAPTER = "wasi_snapshot_preview1";

const read = (path: string): Promise<string> => Bun.file(path).text();

async function adapter(): Promise<Uint8Array> {
  const manifest = Bun.resolveSync("@bytecodealliance/jco/package.json", here);
  const path = manifest.replace("package.json", `lib/${ADAPTER}.reactor.wasm`);
  return Bun.file(path).bytes();
}

/** The text of a WIT folder; what it depends on is nested in it, as the tool takes only one text. */
async function worldText(folder: string): Promise<string> {
  if (folder !== "script") return read(join(witFolder, folder, "process.wit"));
  const process = await read(join(witFolder, "kinode-process-1.0.0/process.wit"));
  const nested = process.replace(/^package (\S+);$/m, "package $1 {");
  return `${await read(join(witFolder, "script/script.wit"))}\n${nested}\n}\n`;
}

async function build(name: string): Promise<Uint8Array> {
  const source = await read(`${here}/wat/${name}.wat`);
  const prelude = await read(`${here}/wat/prelude.txt`);
  const world = /^;;! world (\S+) (\S+)$/m.exec(source);
  const folder = world?.[1] ?? "kinode-process-1.0.0";
  const core = await parse(source.replace(/^;;! prelude$/m, prelude));
  const embedded = await componentEmbed({
    binary: core,
    witSource: await worldText(folder),
    world: world?.[2] ?? "process-v1",
    stringEncoding: "utf8",
  });
  const adapters: [string, Uint8Array][] = source.includes(ADAPTER)
    ? [[ADAPTER, await adapter()]]
    : [];
  return componentNew(embedded, adapters);
}

const names = Bun.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const all = readdirSync(`${here}/wat`)
  .filter((file) => file.endsWith(".wat"))
  .map((file) => file.slice(0, -".wat".length));
const check = Bun.argv.includes("--check");
let different = 0;
for (const name of names.length > 0 ? names : all) {
  const bytes = await build(name);
  const file = Bun.file(`${here}/built/${name}.wasm`);
  if (!check) await Bun.write(file, bytes);
  else if (!Buffer.from(bytes).equals(Buffer.from(await file.bytes()))) {
    different++;
    console.error(`built/${name}.wasm does not correspond to its source; run build-wat.ts`);
  }
}
console.log(
  `${names.length || all.length} guests ${check ? `compared, ${different} different` : "built"}`,
);
process.exit(different === 0 ? 0 : 1);
