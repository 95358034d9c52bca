/**
 * The API of a package and the APIs it uses: gathered, resolved, and written as TypeScript into `target/api`.
 * Source: spec/packages-and-tools.md §6, §23.
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { readZip } from "@kinode-ts/vfs/zip";
import { badPackage, PackageError } from "../errors.ts";
import { type Metadata, parseMetadata } from "../metadata.ts";
import { filesBelow } from "../read-files-bun.ts";
import type { WitDocument } from "./ast.ts";
import { generateSchema } from "./generate-schema.ts";
import { type GeneratedModule, generateTypeScript } from "./generate-typescript.ts";
import { parseWit } from "./parse-wit.ts";
import { type ResolvedInterface, type ResolvedWit, resolveWit, witId } from "./resolve-wit.ts";
import { scriptApiWit } from "./script-api-bun.ts";

/** What a package uses of another: the content of its `api.zip`. */
export interface DependencyApi {
  /** `chat:example.os` */
  readonly id: string;
  /** File name → WIT text. */
  readonly wit: ReadonlyMap<string, string>;
  /** Components that export functions, by file name. */
  readonly exporters: ReadonlyMap<string, Uint8Array>;
}

/** The API of the package itself. */
export interface PackageApi {
  /** File name → WIT text that was made, of APIs that are defined in TypeScript. */
  readonly madeWit: ReadonlyMap<string, string>;
  /** Files to add to `api.zip`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** World that exports interfaces → those interfaces. */
  readonly exporters: ReadonlyMap<string, readonly ResolvedInterface[]>;
}

export interface PackageApiSource {
  readonly folder: string;
  readonly metadata: Metadata;
  /** Text of the process interface. */
  readonly processWit: string;
  readonly dependencies: readonly DependencyApi[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Of a package without an `api` folder. */
export const NO_API: PackageApi = { madeWit: new Map(), files: new Map(), exporters: new Map() };

/**
 * Reads the API of a package folder: of `pkg/api.zip`, or of the folder `api/` when it has not been built yet.
 * @throws {PackageError} it is no package, or has no API
 */
export async function readDependencyApi(folder: string): Promise<DependencyApi> {
  const metadata = join(folder, "metadata.json");
  const zip = join(folder, "pkg/api.zip");
  const wit = ownWit(folder);
  if (!existsSync(metadata) || (!existsSync(zip) && wit.size === 0)) {
    const missing = existsSync(metadata) ? "API (a folder api with WIT files)" : "metadata.json";
    throw new PackageError(
      { code: "kit.no-package", folder },
      `"${folder}" cannot be used as a dependency: it has no ${missing}`,
    );
  }
  const { id } = parseMetadata(readFileSync(metadata, "utf8"));
  if (!existsSync(zip)) return { id, wit, exporters: new Map() };
  return { id, ...(await readApiZip(new Uint8Array(readFileSync(zip)))) };
}

/** The API of an installed package, from the folder its `api.zip` was expanded to. */
export function readApiFolder(id: string, folder: string): DependencyApi {
  const wit = new Map<string, string>();
  const exporters = new Map<string, Uint8Array>();
  for (const path of filesBelow(folder)) {
    const bytes = new Uint8Array(readFileSync(join(folder, path)));
    if (path.endsWith(".wit")) wit.set(basename(path), decoder.decode(bytes));
    if (path.endsWith(".wasm")) exporters.set(basename(path), bytes);
  }
  return { id, wit, exporters };
}

/** WIT texts and components of an `api.zip`. */
async function readApiZip(zip: Uint8Array): Promise<Omit<DependencyApi, "id">> {
  const wit = new Map<string, string>();
  const exporters = new Map<string, Uint8Array>();
  for (const entry of await readZip(zip)) {
    if (entry.kind !== "file") continue;
    if (entry.path.endsWith(".wit")) wit.set(basename(entry.path), decoder.decode(entry.bytes));
    if (entry.path.endsWith(".wasm")) exporters.set(basename(entry.path), entry.bytes);
  }
  return { wit, exporters };
}

/**
 * Resolves the APIs and writes `target/api/<package>.<publisher>/<interface>.ts` for the package's own and for each it
 * uses. Files that are right already are not touched.
 * @throws {WitError} a text is wrong, or uses something that is nowhere
 * @throws {PackageError} an API in TypeScript does not compile or has no form in WIT
 */
export async function preparePackageApi(source: PackageApiSource): Promise<PackageApi> {
  const { folder, metadata, dependencies } = source;
  const madeWit = await madeWitOf(folder, metadata);
  const own = new Map([...ownWit(folder), ...madeWit]);
  const target = join(folder, "target/api");
  const wanted = new Map<string, readonly GeneratedModule[]>();
  let modules: readonly GeneratedModule[] = [];
  let resolved: ResolvedWit | undefined;
  const ownDocuments = documentsOf(own);
  const interfaces = (wit: ResolvedWit, of: readonly WitDocument[]): ResolvedInterface[] =>
    [...wit.interfaces.values()].filter(({ file }) =>
      of.some((document) => document.file === file),
    );
  if (own.size > 0) {
    resolved = resolveAll(source, ownDocuments, dependencies);
    modules = generateTypeScript(interfaces(resolved, ownDocuments));
    wanted.set(folderName(metadata.id), modules);
  }
  for (const dependency of dependencies) {
    const documents = documentsOf(dependency.wit);
    const others = dependencies.filter((other) => other !== dependency);
    const wit = resolveAll(source, documents, others);
    wanted.set(folderName(dependency.id), generateTypeScript(interfaces(wit, documents)));
  }
  writeModules(target, wanted);
  if (resolved === undefined) return NO_API;
  return {
    madeWit,
    files: zipFiles(madeWit, modules, interfaces(resolved, ownDocuments)),
    exporters: exportersOf(ownDocuments, resolved),
  };
}

function exportersOf(
  documents: readonly WitDocument[],
  { interfaces }: ResolvedWit,
): Map<string, readonly ResolvedInterface[]> {
  const found = new Map<string, readonly ResolvedInterface[]>();
  for (const { name, items } of documents.flatMap(({ worlds }) => worlds)) {
    const exported = items.flatMap((item) => {
      if (item.kind !== "export" || item.what.kind !== "interface") return [];
      const { ref } = item.what;
      const named = [...interfaces.values()].filter(
        (one) =>
          one.name === ref.interface &&
          (ref.package === undefined
            ? documents.some(({ file }) => file === one.file)
            : one.id === witId(ref.package, ref.interface)),
      );
      return named.slice(0, 1);
    });
    if (exported.length > 0) found.set(name, exported);
  }
  return found;
}

/**
 * The interfaces that a program exports: those of the world `<program>-v<number>`, else of the package's only exporting
 * world.
 * @throws {PackageError} `kit.bad-package`: there is no such world
 */
export function interfacesOfExporter(
  program: string,
  { exporters }: PackageApi,
): readonly ResolvedInterface[] {
  const isOwn = (world: string): boolean => new RegExp(`^${program}-v[0-9]+$`).test(world);
  const world = [...exporters.keys()].find(isOwn);
  const only = exporters.size === 1 ? [...exporters.keys()][0] : undefined;
  const found = exporters.get(world ?? only ?? "");
  if (found !== undefined) return found;
  const problem = {
    ...{ file: "api", line: 0 },
    message: `no world in api/*.wit says what "${program}" exports; add world ${program}-v0 { export <interface>; }`,
  };
  throw badPackage([problem]);
}

/** `chat:example.os` → `chat.example.os`, which every file system takes. */
const folderName = (id: string): string => id.replace(":", ".");

function ownWit(folder: string): Map<string, string> {
  const api = join(folder, "api");
  return new Map(
    filesBelow(api)
      .filter((path) => path.endsWith(".wit"))
      .map((path) => [basename(path), readFileSync(join(api, path), "utf8")]),
  );
}

/** One file for all APIs that are defined in TypeScript, with the world that imports them. */
async function madeWitOf(folder: string, metadata: Metadata): Promise<Map<string, string>> {
  const api = join(folder, "api");
  const files = filesBelow(api).filter((path) => /^[a-z0-9-]+\.ts$/.test(path));
  if (files.length === 0) return new Map();
  const texts: string[] = [];
  for (const file of files) {
    texts.push(await scriptApiWit(join(api, file), folder, join(folder, "target/build/api")));
  }
  const publisher = metadata.publisher.replaceAll(".", "-dot-");
  const imports = files.map((file) => `  import ${file.slice(0, -".ts".length)};\n`).join("");
  const version = metadata.witVersion === undefined ? "process" : `process-v${metadata.witVersion}`;
  const world = `world ${metadata.packageName}-${publisher}-v0 {\n${imports}  include ${version};\n}\n`;
  const head = "// Made from the TypeScript files beside it.\n\n";
  return new Map([[`${metadata.id}-v0.wit`, `${head}${[...texts, world].join("\n")}`]]);
}

function documentsOf(texts: ReadonlyMap<string, string>): WitDocument[] {
  return [...texts].map(([name, text]) => parseWit(text, `api/${name}`));
}

/** Resolves `documents` with what else there is; an interface of theirs hides one of the same name. */
function resolveAll(
  { processWit }: PackageApiSource,
  documents: readonly WitDocument[],
  others: readonly DependencyApi[],
): ResolvedWit {
  const process = parseWit(processWit, "process.wit");
  const taken = new Set([process, ...documents].flatMap(namesOf));
  const more: WitDocument[] = [];
  for (const document of others.flatMap(({ wit }) => documentsOf(wit))) {
    const names = namesOf(document);
    if (names.some((name) => taken.has(name))) continue;
    for (const name of names) taken.add(name);
    more.push(document);
  }
  // What a world includes matters to who builds for it, and is then told by those tools.
  return resolveWit([process, ...more, ...documents], {
    defaultPackage: process.package!,
    worlds: false,
  });
}

const namesOf = (document: WitDocument): string[] =>
  document.package === undefined
    ? [...document.interfaces, ...document.worlds].map(({ name }) => name)
    : [];

function writeModules(
  target: string,
  wanted: ReadonlyMap<string, readonly GeneratedModule[]>,
): void {
  for (const name of existsSync(target) ? readdirSync(target) : []) {
    // Components that other packages link lie here too.
    if (!name.endsWith(".wasm") && !wanted.has(name))
      rmSync(join(target, name), { recursive: true });
  }
  for (const [folder, modules] of wanted) {
    const path = join(target, folder);
    mkdirSync(path, { recursive: true });
    const files = new Map(modules.map((module) => [`${module.name}.ts`, module.ts]));
    for (const name of readdirSync(path)) if (!files.has(name)) rmSync(join(path, name));
    for (const [name, text] of files) {
      const file = join(path, name);
      if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
    }
  }
}

/** What `api.zip` carries besides the package's own files: modules, declarations and schemas. */
function zipFiles(
  madeWit: ReadonlyMap<string, string>,
  modules: readonly GeneratedModule[],
  interfaces: readonly ResolvedInterface[],
): Map<string, Uint8Array> {
  const texts = new Map(madeWit);
  const each = (line: (module: GeneratedModule) => string): string =>
    modules.map((module) => `${line(module)}\n`).join("");
  const index = each(({ name }) => `export * as ${identifier(name)} from "./${name}.js";`);
  texts.set("index.js", index);
  texts.set("index.d.ts", index);
  for (const { name, js, dts } of modules) {
    texts.set(`${name}.js`, js);
    texts.set(`${name}.d.ts`, dts);
  }
  for (const owner of interfaces) texts.set(`${owner.name}.schema.json`, generateSchema(owner));
  return new Map([...texts].map(([name, text]) => [name, encoder.encode(text)]));
}

const identifier = (name: string): string =>
  name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
