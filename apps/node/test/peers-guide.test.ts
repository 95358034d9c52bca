/** docs/guides/peers.md, typed as it is written, into real programs. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAllDetached, startDetached } from "./detached-node.ts";
import { kinode } from "./run-kinode.ts";
import { shownPattern, typedExamples } from "./typed-examples.ts";

const GUIDE = readFileSync(join(import.meta.dir, "../../../docs/guides/peers.md"), "utf8");
/** What `startDetached` gives a new node. */
const PASSWORD = "a password for tests";

const folder = mkdtempSync(join(tmpdir(), "peers-guide-"));
afterAll(() => {
  killAllDetached();
  rmSync(folder, { recursive: true });
});

test("each command of the guide does what the guide says", async () => {
  let invitation = "";
  for (const { line, shown } of typedExamples(GUIDE, "$ kinode ")) {
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
    if (!shownPattern(shown).test(text)) expect(`$ ${line}\n${text}`).toBe(`$ ${line}\n${shown}`);
  }
}, 120_000);
