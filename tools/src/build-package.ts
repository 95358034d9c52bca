/**
 * `bun ../../tools/src/build-package.ts`, run in a package: writes ES modules and declarations to `dist/`.
 * Needs the packages it depends on built before: Turborepo sees to the order.
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const TSC = join(import.meta.dir, "../../node_modules/.bin/tsc");

if (import.meta.main) process.exit(buildPackage(process.cwd()));

/** Builds one package; returns the exit code of the compiler, or 1 for an entry without a file. */
function buildPackage(folder: string): number {
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const config = writeBuildConfig(folder);
  const result = Bun.spawnSync([process.execPath, TSC, "-p", config], {
    cwd: folder,
    stdout: "inherit",
    stderr: "inherit",
  });
  rmSync(config);
  if (result.exitCode !== 0) return result.exitCode;
  pointDeclarationsAtOutput(dist);
  return checkEntries(folder);
}

/** As the package's own configuration, but emitting, without tests, and against built dependencies. */
function writeBuildConfig(folder: string): string {
  const path = join(folder, "tsconfig.build.json");
  const config = {
    extends: "./tsconfig.json",
    compilerOptions: {
      customConditions: [],
      noEmit: false,
      rootDir: "src",
      outDir: "dist",
      sourceMap: false,
      stripInternal: true,
    },
    include: ["src"],
    exclude: ["src/**/*.test.ts", "src/**/*.test.tsx", "src/**/*.bench.ts", "src/**/*.test-d.ts"],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** The compiler rewrites `./x.ts` to `./x.js` in modules; declarations need the same. */
function pointDeclarationsAtOutput(dist: string): void {
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts")) continue;
    const path = join(dist, file);
    const text = readFileSync(path, "utf8");
    const rewritten = text.replace(/((?:from|import) ?\(?"\.{1,2}\/[^"]+)\.tsx?(?=")/g, "$1.js");
    if (rewritten !== text) writeFileSync(path, rewritten);
  }
}

/** Every file that `exports` names must exist after the build. */
function checkEntries(folder: string): number {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    exports?: unknown;
    imports?: unknown;
  };
  const missing = [...targets(manifest.exports), ...targets(manifest.imports)].filter(
    (target) => !target.includes("*") && !existsSync(join(folder, target)),
  );
  for (const target of missing) {
    console.error(`package.json names ${target}, which the build did not make; correct "exports"`);
  }
  return missing.length === 0 ? 0 : 1;
}

function targets(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(targets);
}
