/** A line typed into the real program's terminal. Source: spec/runtime-modules.md §10.1. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNodeProgram } from "./node-program.ts";

const home = mkdtempSync(join(tmpdir(), "kinode-line-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("[M121] Enter sends the line as it is to the terminal process, from its own address", async () => {
  const node = await startNodeProgram(home, [
    "--port",
    "0",
    "--name",
    "liner.local",
    "--verbosity",
    "3",
  ]);
  await node.type("echo  two  spaces 'kept' \\ too");
  await node.shows(
    /source: liner\.local@terminal:terminal:sys\s+distro:sys \| target: liner\.local@terminal:terminal:sys\s+distro:sys \| rsvp: None\s+distro:sys \| Request: inherit: false, expects_response: None\s+distro:sys \| {3}body: echo {2}two {2}spaces 'kept' \\ too\s/,
  );
  // The process took it for a person's line: from any other source it would have ignored it.
  await node.shows(/terminal:sys: {2}two {2}spaces 'kept' \\ too/);
  expect(await node.stop()).toBe(0);
}, 120_000);
