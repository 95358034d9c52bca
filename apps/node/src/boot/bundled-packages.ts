/**
 * The packages of this release, built from their sources when those have changed and kept by content otherwise.
 * @module
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { type Package, readPackage } from "@kinode-ts/kit";
import { primitives } from "@kinode-ts/crypto";

const ROOT = join(import.meta.dir, "../../../..");
const CACHE = join(ROOT, "node_modules/.cache/kinode");

/** Folders below the repository whose content decides what is built. */
const SHARED_SOURCES = ["packages/stdlib/src", "packages/types/src", "packages/kit/src"] as const;
const PACKAGES: readonly { readonly folder: string; readonly sources: readonly string[] }[] = [
  { folder: "processes/terminal", sources: [] },
  { folder: "processes/homepage", sources: ["apps/web/src"] },
  { folder: "processes/kns-indexer", sources: ["packages/codec/src", "packages/kimap/src"] },
];
/** What simulated nodes have besides. */
const TESTER = "processes/tester";
/** Its API, which tests in Rust are built with. */
export const TESTER_API_FOLDER = join(ROOT, TESTER, "pkg/api");

/** The node's own pages travel in the home page's package, and are served by the node itself. */
const SYSTEM_PAGES_FOLDER = "system/";

const SKIPPED = new Set(["node_modules", "target", "test", "dist"]);

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listFiles(path);
      return entry.name.endsWith(".test.ts") ? [] : [path];
    });
}

/** One text that changes with the content of any source, and with the bundler. */
function sourceKey(folders: readonly string[]): string {
  const hasher = new Bun.CryptoHasher("sha256");
  hasher.update(Bun.version);
  for (const path of folders.flatMap((folder) => listFiles(join(ROOT, folder)))) {
    const bytes = readFileSync(path);
    hasher.update(`${relative(ROOT, path)}\n${bytes.length}\n`);
    hasher.update(bytes);
  }
  return hasher.digest("hex");
}

async function build(folder: string): Promise<Uint8Array> {
  const { assemblePackage } = await import("@kinode-ts/kit");
  const extra = new Map<string, Uint8Array>();
  if (folder === "processes/homepage") {
    const { buildPages } = await import("@kinode-ts/web/build-pages");
    for (const [name, bytes] of await buildPages())
      extra.set(`${SYSTEM_PAGES_FOLDER}${name}`, bytes);
  }
  return (await assemblePackage(join(ROOT, folder), extra)).zip;
}

/** Writes so that another node starting at the same moment never reads half a file. */
function keep(path: string, zip: Uint8Array): void {
  try {
    mkdirSync(CACHE, { recursive: true });
    const temporary = `${path}.${process.pid}.new`;
    writeFileSync(temporary, zip);
    renameSync(temporary, path);
  } catch {
    // A read-only installation builds at each start: slower, and nothing else.
  }
}

async function provide(folder: string, sources: readonly string[]): Promise<Package> {
  const key = sourceKey([folder, ...sources, ...SHARED_SOURCES]);
  const path = join(CACHE, `${folder.replace("/", "-")}-${key}.zip`);
  if (existsSync(path)) return await readPackage(new Uint8Array(readFileSync(path)));
  const zip = await build(folder);
  keep(path, zip);
  return await readPackage(zip);
}

/** @throws {PackageError} a source of this repository does not build */
export async function loadBundledPackages(): Promise<Package[]> {
  return await Promise.all(PACKAGES.map(({ folder, sources }) => provide(folder, sources)));
}

/** The package that runs tests, for simulated nodes. @throws {PackageError} as above */
export async function loadTester(): Promise<Package> {
  return await provide(TESTER, []);
}

/** SHA-256 of every program of the release, hex: only these may run natively. */
export function trustedPrograms(packages: readonly Package[]): ReadonlySet<string> {
  return new Set(
    packages.flatMap(({ files }) =>
      [...files]
        .filter(([name]) => name.endsWith(".js"))
        .map(([, bytes]) => primitives.sha256(bytes).toHex()),
    ),
  );
}

/** The node's own pages, by path below their root. */
export function systemPages(packages: readonly Package[]): ReadonlyMap<string, Uint8Array> {
  const home = packages.find(({ id }) => id === "homepage:sys");
  const pages = [...(home?.files ?? [])].filter(([name]) => name.startsWith(SYSTEM_PAGES_FOLDER));
  return new Map(pages.map(([name, bytes]) => [name.slice(SYSTEM_PAGES_FOLDER.length), bytes]));
}
