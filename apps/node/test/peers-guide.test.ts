/** docs/guides/peers.md, typed as it is written, into real programs. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAllDetached, startDetached } from "./detached-node.ts";
import { kinode } from "./run-kinode.ts";

const GUIDE = readFileSync(join(import.meta.dir, "../../../docs/guides/peers.md"), "utf8");
/** What `startDetached` gives a new node. */
const PASSWORD = "a password for tests";

const folder = mkdtempSync(join(tmpdir(), "peers-guide-"));
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

interface Typed {
  readonly line: string;
  readonly shown: string;
}

function examples(): Typed[] {
  const blocks = [...GUIDE.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ kinode /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return { line: part.slice(0, end), shown: part.slice(end + 1).trimEnd() };
      }),
  );
}

/** `…` stands for anything on its line. */
function pattern(shown: string): RegExp {
  const escaped = shown.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("…", ".*")}$`);
}

test("each command of the guide does what the guide says", async () => {
  const all = examples();
  expect(all.length).toBe(GUIDE.match(/^\$ kinode /gm)!.length);
  let invitation = "";
  for (const { line, shown } of all) {
    const words = line
      .split(" ")
      .map((word) => (word.startsWith("./") ? join(folder, word.slice(2)) : word))
      .map((word) => (word.startsWith("kinode1") ? invitation : word))
      .map((word) => (word === "…" ? PASSWORD : word));
    if (words[0] === "start") {
      const [, home = "", ...flags] = words;
      // oxlint-disable-next-line no-await-in-loop -- a person types one line after the other
      await startDetached(home, flags);
      continue;
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    const { out, err } = await kinode(...words);
    if (words[0] === "invite") invitation = out;
    const text = `${out}${err}`.trimEnd();
    if (!pattern(shown).test(text)) expect(`$ ${line}\n${text}`).toBe(`$ ${line}\n${shown}`);
  }
}, 120_000);
