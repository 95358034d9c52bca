/**
 * The libraries that come with this kit. A package folder needs no installed dependencies to be built: what it imports
 * of ours and has not installed itself is taken from beside the kit.
 * @module
 */
import type { BunPlugin } from "bun";
import { existsSync, lstatSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const SCOPE = /^@kinode-ts\//;

/** Name of the npm package that a specifier like `@kinode-ts/stdlib/http` begins with. */
const packageName = (specifier: string): string => specifier.split("/").slice(0, 2).join("/");

/**
 * Whether a package is installed for code in a folder. Looked up by hand: asking Bun could fetch it from a registry.
 */
function isInstalled(name: string, folder: string): boolean {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, "node_modules", name, "package.json"))) return true;
    if (at === dirname(at)) return false;
  }
}

/** Resolves `@kinode-ts/…` from the importing file, else from the kit. */
export const ownPackages: BunPlugin = {
  name: "kinode-own-packages",
  setup(build) {
    build.onResolve({ filter: SCOPE }, ({ path, resolveDir, importer }) => {
      const from = resolveDir ?? dirname(importer);
      const place = isInstalled(packageName(path), from) ? from : import.meta.dir;
      // Both ways here, so that the bundle is the same whether it is installed, linked or neither.
      return { path: Bun.resolveSync(path, place) };
    });
  },
};

const isThere = (path: string): boolean => {
  try {
    return lstatSync(path) !== undefined;
  } catch {
    return false;
  }
};

/** Absolute folder of one of our libraries as the kit itself sees it. */
export function ownFolder(name: string): string {
  return realpathSync(dirname(Bun.resolveSync(`${name}/package.json`, import.meta.dir)));
}

/** Whether this kit runs from a checkout of the repository; then its libraries may be on no registry. */
export function isCheckout(): boolean {
  return !realpathSync(import.meta.dir).includes("/node_modules/");
}

/**
 * Puts links to our libraries into `node_modules` of a folder where they are not installed, so that editors,
 * the type checker and `bun test` find them without a registry.
 * @returns the names that were linked
 */
export function linkOwnPackages(folder: string, names: readonly string[]): string[] {
  const linked: string[] = [];
  for (const name of names) {
    const link = join(folder, "node_modules", name);
    if (isInstalled(name, folder) || isThere(link)) continue;
    if (!isInstalled(name, import.meta.dir)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(ownFolder(name), link, "dir");
    linked.push(name);
  }
  return linked;
}

/**
 * Puts links to a program and to the package it belongs to into `node_modules` of a folder, for scripts of `package.json` and
 * for tests that import from it.
 * @param program - `<folder of its package>/src/main.ts`
 */
export function linkProgram(folder: string, name: string, program: string): void {
  const modules = join(folder, "node_modules");
  const links = [
    [join(modules, ".bin", name), program],
    [join(modules, name), dirname(dirname(program))],
  ] as const;
  for (const [link, target] of links) {
    if (isThere(link) || !existsSync(target)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link);
  }
}
