/**
 * `bun run check [step …]`: every static check of the repository, one line each; exit code 1 if any fails.
 * @module
 */
import { join } from "node:path";
import { installMissing } from "./install-missing.ts";
import { ROOT } from "./workspace.ts";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const bin = (name: string): string => join("node_modules/.bin", name);
const bun = process.execPath;

/** In this order: cheap ones first, and the build before what looks at built packages. */
const STEPS: readonly Step[] = [
  { name: "format", command: [bun, "fmt", "--no-script", "--check"] },
  { name: "layers", command: [bun, "tools/src/check-layers.ts"] },
  { name: "types", command: [bun, bin("turbo"), "run", "check", "--output-logs=errors-only"] },
  { name: "lint", command: [bun, bin("oxlint"), "--type-aware"] },
  { name: "unused", command: [bun, bin("knip"), "--no-progress", "--no-config-hints"] },
  { name: "build", command: [bun, bin("turbo"), "run", "build", "--output-logs=errors-only"] },
  { name: "tarballs", command: [bun, "tools/src/check-tarballs.ts"] },
];

if (import.meta.main) {
  installMissing();
  process.exit(await main(process.argv.slice(2)));
}

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.filter((name) => STEPS.every((step) => step.name !== name));
  if (unknown.length > 0) {
    const names = STEPS.map((step) => step.name).join(", ");
    console.error(`No step is called "${unknown.join('", "')}"; there are: ${names}`);
    return 2;
  }
  let passed = 0;
  let failed = 0;
  for (const step of STEPS) {
    if (wanted.length > 0 && !wanted.includes(step.name)) continue;
    if (await runStep(step)) passed += 1;
    else failed += 1;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function runStep({ name, command }: Step): Promise<boolean> {
  const startedMs = performance.now();
  const child = Bun.spawn([...command], {
    cwd: ROOT,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", NO_COLOR: "1" },
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const ok = (await child.exited) === 0;
  if (!ok) console.log(`${stdout}${stderr}`.trimEnd());
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  console.log(`${ok ? "✓" : "✗"} ${name} (${seconds} s)`);
  return ok;
}
