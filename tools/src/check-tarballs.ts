/**
 * `bun tools/src/check-tarballs.ts`: packs every published package as a registry would receive it, checks the tarballs
 * with publint and attw, installs them all into an empty project and imports every entry there: in Bun, and those
 * of the pure packages in Node and from a browser bundle too. What needs files beside its modules is used. Then a package is
 * made there with `bun create kinode` and built. Needs `bun run build` before.
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtUse, tarballUses } from "./tarball-uses.ts";
import { type Member, published, readMembers, ROOT } from "./workspace.ts";

/** Packages that must work outside Bun as well; the published range of Node is `>=22`. */
const PURE = ["types", "codec", "kimap", "caps", "crypto", "stdlib"];
/** Entries of pure packages that are host files by design: they say so in their path or documentation. */
const HOST_ENTRIES = new Set(["@kinode-ts/crypto/random"]);

/** So long one use may take: what waits for something that is missing does not end. */
const USE_MS = 60_000;

interface Packed {
  readonly member: Member;
  readonly tarball: string;
}

if (import.meta.main) {
  const scratch = mkdtempSync(join(tmpdir(), "kinode-tarballs-"));
  try {
    process.exitCode = await checkTarballs(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function checkTarballs(scratch: string): Promise<number> {
  const packed = published(readMembers()).map((member) => pack(member, scratch));
  const faults = [
    ...(await Promise.all(packed.map(lintTarball))).flat(),
    ...installAndImport(packed, join(scratch, "project")),
    ...useAll(join(scratch, "project")),
    ...createAndBuild(join(scratch, "project")),
  ];
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

function pack(member: Member, scratch: string): Packed {
  const folder = join(ROOT, member.folder);
  const name = `${member.folder.split("/").at(-1)!}.tgz`;
  run([process.execPath, "pm", "pack", "--quiet", "--filename", join(scratch, name)], folder);
  return { member, tarball: join(scratch, name) };
}

async function lintTarball({ member, tarball }: Packed): Promise<string[]> {
  const bin = (name: string): string => join(ROOT, "node_modules/.bin", name);
  const lint = async (name: string, args: readonly string[]): Promise<string[]> => {
    const child = Bun.spawn([process.execPath, bin(name), ...args], {
      cwd: ROOT,
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return (await child.exited) === 0 ? [] : [`${member.folder}: ${name} found\n${out}${err}`];
  };
  return [
    ...(await lint("publint", ["run", tarball, "--strict"])),
    ...(await lint("attw", [tarball, "--profile", "esm-only", "--format", "ascii"])),
  ];
}

/** One project for all: the packages depend on each other at versions that no registry has yet. */
function installAndImport(packed: readonly Packed[], project: string): string[] {
  mkdirSync(project);
  const files = Object.fromEntries(
    packed.map(({ member, tarball }) => [member.name, `file:${tarball}`]),
  );
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({
      name: "consumer",
      private: true,
      type: "module",
      dependencies: files,
      overrides: files,
    }),
  );
  run([process.execPath, "install", "--silent"], project);
  const all = packed.flatMap(({ member }) => entriesOf(member));
  const pure = packed
    .filter(({ member }) => PURE.includes(member.folder.split("/").at(-1)!))
    .flatMap(({ member }) => entriesOf(member))
    .filter((entry) => !HOST_ENTRIES.has(entry));
  return [
    ...all.flatMap((entry) =>
      attempt(project, `bun: ${entry}`, importing(process.execPath, entry)),
    ),
    ...pure.flatMap((entry) => attempt(project, `node: ${entry}`, importing("node", entry))),
    ...pure.flatMap((entry) => attempt(project, `browser: ${entry}`, bundling(entry))),
  ];
}

/** From the sources in the tarballs, as Bun takes them, and from what was built. */
function useAll(project: string): string[] {
  const folder = join(project, "uses");
  mkdirSync(folder);
  const uses = tarballUses(ROOT).flatMap((use) => [use, builtUse(use)]);
  return uses.flatMap(({ name, code }, index) => {
    const file = join(folder, `use-${index}.ts`);
    writeFileSync(file, `${code}\nprocess.exit(0);\n`);
    const options = { cwd: project, stdout: "pipe", stderr: "pipe", timeout: USE_MS } as const;
    const result = Bun.spawnSync([process.execPath, file], options);
    const text = result.stderr.toString().trim().split("\n").slice(0, 12).join("\n");
    return result.exitCode === 0 ? [] : [`${name} cannot be used from its tarball:\n${text}`];
  });
}

/** What a developer does first, with nothing but what registries would have. */
function createAndBuild(project: string): string[] {
  const app = join(project, "my-app");
  const bin = (name: string): string => join(project, "node_modules/.bin", name);
  const steps: readonly (readonly [string, string, readonly string[]])[] = [
    ["bun create kinode", project, [process.execPath, "create", "kinode", "my-app"]],
    ["kinode-kit build", app, [bin("kinode-kit"), "build"]],
    ["kinode-kit verify", app, [bin("kinode-kit"), "verify"]],
    ["bun test", app, [process.execPath, "test"]],
  ];
  for (const [name, cwd, command] of steps) {
    const result = Bun.spawnSync([...command], { cwd, stdout: "pipe", stderr: "pipe" });
    const text = `${result.stdout.toString()}${result.stderr.toString()}`.trim();
    if (result.exitCode !== 0) return [`"${name}" fails with the tarballs:\n${text}`];
  }
  return [];
}

/** Import specifiers of all code entries of a package. */
function entriesOf(member: Member): string[] {
  return Object.keys(member.exports)
    .filter((path) => path !== "./package.json" && !path.includes("*"))
    .map((path) => `${member.name}${path.slice(1)}`);
}

type Command = (project: string) => readonly string[];

function importing(program: string, entry: string): Command {
  // Only `types` may have nothing but types in it.
  const code = `const names = Object.keys(await import("${entry}")); if (names.length === 0 && !"${entry}".endsWith("types")) throw new Error("exports nothing")`;
  return () => [program, ...(program === "node" ? ["--input-type=module"] : []), "-e", code];
}

/** Bundles for a browser and evaluates the bundle in a realm that has no `process`, `Bun` or `require`. */
function bundling(entry: string): Command {
  return (project) => {
    const file = join(project, "bundle.ts");
    writeFileSync(
      file,
      `const built = await Bun.build({ entrypoints: ["./entry.ts"], target: "browser", format: "iife", throw: true });
       const code = await built.outputs[0].text();
       const vm = await import("node:vm");
       const realm = vm.createContext({ TextEncoder, TextDecoder, crypto, queueMicrotask, atob, btoa });
       vm.runInContext(code, realm);`,
    );
    writeFileSync(
      join(project, "entry.ts"),
      `import * as all from "${entry}"; globalThis.names = Object.keys(all);`,
    );
    return [process.execPath, file];
  };
}

function attempt(project: string, label: string, command: Command): string[] {
  const result = Bun.spawnSync([...command(project)], {
    cwd: project,
    stdout: "pipe",
    stderr: "pipe",
  });
  const text = result.stderr.toString().trim().split("\n").slice(0, 12).join("\n");
  return result.exitCode === 0 ? [] : [`${label} cannot be imported from its tarball:\n${text}`];
}

function run(command: readonly string[], cwd: string): void {
  const result = Bun.spawnSync([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  if (result.exitCode !== 0) {
    throw new Error(
      `${command.slice(1, 4).join(" ")} failed in ${cwd}:\n${result.stderr.toString()}${result.stdout.toString()}`,
    );
  }
}
