/**
 * `bun run test:languages [language …]`: for every language that has a template, gets the toolchain, makes a package
 * as a new user would (`kinode new`, `kinode build`), drives it through a node, follows the guide, and tries what
 * programs in the language can rely on. One line per language; the exit code is 1 when any fails. Toolchains that no package of the system brings are kept in `KINODE_TOOLCHAINS`, by
 * default `~/.cache/kinode-toolchains`.
 * @module
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { LanguageId } from "@kinode-ts/kit";
import { installMissing } from "./install-missing.ts";
import { ROOT } from "./workspace.ts";

const MAIN = join(ROOT, "apps/node/src/main.ts");
const DRIVE = join(ROOT, "apps/node/test/languages/drive.ts");
/** Tests that need the language's toolchain. */
const TESTS = [
  "test/languages/guides.test.ts",
  "test/languages/trials.test.ts",
  "test/languages/composed.test.ts",
];
const CACHE = process.env["KINODE_TOOLCHAINS"] ?? join(homedir(), ".cache/kinode-toolchains");

interface Outcome {
  readonly toolchainSeconds: number;
  readonly buildSeconds: number;
  readonly driveSeconds: number;
  readonly programBytes: number;
  /** Milliseconds from installing until the first answer. */
  readonly firstAnswerMs: number;
}

if (import.meta.main) {
  installMissing();
  process.exit(await main(process.argv.slice(2)));
}

async function main(wanted: readonly string[]): Promise<number> {
  const { listTemplates } = await import("@kinode-ts/kit");
  const templates = listTemplates();
  const known = templates.map(({ language }) => language as string);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`No template is called ${unknown.join(", ")}; there are: ${known.join(", ")}`);
    return 2;
  }
  mkdirSync(CACHE, { recursive: true });
  const chosen = templates.filter(
    ({ language }) => wanted.length === 0 || wanted.includes(language),
  );
  let failed = 0;
  for (const { language, label } of chosen) {
    try {
      report(label, await tryLanguage(language, label));
    } catch (thrown) {
      failed += 1;
      console.error(thrown instanceof Error ? thrown.message : String(thrown));
      console.log(`${label.padEnd(12)} failed`);
    }
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const startedMs = performance.now();
  return [await work(), (performance.now() - startedMs) / 1_000];
}

/** Installs what `kinode build` says is missing; returns the environment with the toolchain in it. */
async function prepare(language: LanguageId): Promise<Record<string, string>> {
  const { createToolRunner, LANGUAGES } = await import("@kinode-ts/kit");
  const { INSTALL } = await import("./languages/toolchains.ts");
  const known = LANGUAGES.find(({ id }) => id === language);
  const isComplete = async (): Promise<boolean> =>
    known === undefined || (await known.missingTools(createToolRunner())).length === 0;
  if (!(await isComplete())) {
    const folders = await INSTALL[language](CACHE);
    process.env["PATH"] = [...folders, process.env["PATH"]].join(delimiter);
  }
  if (!(await isComplete())) throw new Error(`${language}: the toolchain is not complete`);
  return {
    // 400 crates: once for all runs.
    CARGO_TARGET_DIR: join(CACHE, "rust-target"),
  };
}

async function tryLanguage(language: LanguageId, label: string): Promise<Outcome> {
  const { run } = await import("./languages/commands.ts");
  const scratch = mkdtempSync(join(tmpdir(), "kinode-language-"));
  const folder = join(scratch, `try-${language}`);
  try {
    const [env, toolchainSeconds] = await timed(() => prepare(language));
    const kinode = [process.execPath, MAIN];
    await run([...kinode, "new", folder, "--template", language, "--publisher", "tester.os"]);
    const [, buildSeconds] = await timed(() => run([...kinode, "build", folder], { env }));
    const zip = join(folder, `target/try-${language}:tester.os.zip`);
    const [text, driveSeconds] = await timed(() => run([process.execPath, DRIVE, label, zip]));
    const line = text.split("\n").find((each) => each.startsWith("{")) ?? "{}";
    const { firstAnswerMs } = JSON.parse(line) as { firstAnswerMs: number };
    // Machines that compile elsewhere are slow here, too.
    await run([process.execPath, "test", "--timeout=120000", ...TESTS], {
      cwd: join(ROOT, "apps/node"),
      env: { ...env, KINODE_LANGUAGES: language },
    });
    const programBytes = programSize(join(folder, "pkg"));
    return { toolchainSeconds, buildSeconds, driveSeconds, programBytes, firstAnswerMs };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function programSize(pkg: string): number {
  return readdirSync(pkg)
    .filter((name) => /^counter\.(?:js|wasm)$/.test(name))
    .reduce((sum, name) => sum + statSync(join(pkg, name)).size, 0);
}

function report(label: string, outcome: Outcome): void {
  const seconds = (value: number): string => `${value.toFixed(1)} s`;
  const parts = [
    `toolchain ${seconds(outcome.toolchainSeconds)}`,
    `build ${seconds(outcome.buildSeconds)}`,
    `${Math.round(outcome.programBytes / 1_000)} KB`,
    `first answer ${Math.round(outcome.firstAnswerMs)} ms`,
    `driven in ${seconds(outcome.driveSeconds)}`,
  ];
  console.log(`${label.padEnd(12)} passed: ${parts.join(", ")}`);
}
