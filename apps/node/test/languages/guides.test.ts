/**
 * The guides to languages with a toolchain, command by command as a new user types them, in an empty folder. They need
 * the toolchains, so they run for the languages named in KINODE_LANGUAGES (`bun run test:languages` names them).
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DetachedNode, startDetached } from "../detached-node.ts";

const ROOT = join(import.meta.dir, "../../../..");
const MAIN = join(ROOT, "apps/node/src/main.ts");
const CHOSEN = (process.env["KINODE_LANGUAGES"] ?? "").split(",");
const GUIDE_MS = 300_000;

interface Step {
  /** Words after `bun kinode`. */
  readonly words: readonly string[];
  /** What the guide says it prints, if it is JSON. */
  readonly prints: unknown;
}

/** The commands of a guide's first block, with what it says of their output. */
function stepsOf(guide: string): Step[] {
  const block = /^```sh\n(.*?)^```$/ms.exec(guide)?.[1] ?? "";
  return [...block.matchAll(/^bun kinode (.*)$/gm)].map(([, line = ""]) => {
    const [, command = "", comment = ""] = /^((?:'[^']*'|[^'#])*)(?:# *(.*))?$/.exec(line) ?? [];
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, a, b = ""]) => a ?? b);
    return { words, prints: comment.startsWith("{") ? JSON.parse(comment) : undefined };
  });
}

async function kinode(words: readonly string[], folder: string): Promise<string> {
  const child = Bun.spawn([process.execPath, MAIN, ...words], {
    cwd: folder,
    env: { ...process.env, KINODE_HOME: join(folder, "home") },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`kinode ${words.join(" ")}:\n${output}${errors}`);
  return output;
}

/** A process that was just installed may not answer its first message. */
async function send(words: readonly string[], folder: string): Promise<unknown> {
  for (const deadline = performance.now() + 30_000; ; await Bun.sleep(100)) {
    try {
      return JSON.parse(await kinode(words, folder));
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
}

for (const language of ["c", "cpp", "go", "python", "rust"]) {
  describe.if(CHOSEN.includes(language))(`the guide to ${language}`, () => {
    const folder = mkdtempSync(join(tmpdir(), `kinode-guide-${language}-`));
    let node: DetachedNode | undefined;
    afterAll(async () => {
      await node?.killHard();
      rmSync(folder, { recursive: true, force: true });
    });

    test(
      "works as it is written",
      async () => {
        const steps = stepsOf(readFileSync(join(ROOT, `docs/guides/${language}.md`), "utf8"));
        expect(steps.map(({ words }) => words[0])).toEqual([
          "new",
          "start",
          "install",
          "send",
          "send",
          "send",
        ]);
        for (const { words, prints } of steps) {
          if (words[0] === "start") node = await startDetached(join(folder, "home"));
          else if (words[0] === "install") await kinode([...words, "--yes"], folder);
          else if (words[0] === "send") expect(await send(words, folder)).toEqual(prints as object);
          else await kinode(words, folder);
        }
      },
      GUIDE_MS,
    );
  });
}
