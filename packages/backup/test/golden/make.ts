/**
 * Makes `golden.json`: what `restic` itself wrote, small enough to keep, so that its format is tested where it is missing.
 * Run: `KINODE_RESTIC=… bun test/golden/make.ts`
 * @module
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createFolderRemote } from "../../src/folder-bun.ts";
import { openRepository } from "../../src/index.ts";
import { restic } from "../restic.ts";
import { testPowers } from "../world.ts";
import { type Golden, GOLDEN_STREAM, goldenStream } from "./golden.ts";

/** Of the key that names no machine. */
const PASSWORD = "golden password ü";
let password = "first";
const root = mkdtempSync(join(tmpdir(), "kinode-backup-golden-"));

async function run(repository: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await restic(repository, password, ...args);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

/** Names that are escaped, a link, a folder; all of the same time. */
function writeSample(folder: string): void {
  mkdirSync(join(folder, "folder"), { recursive: true });
  const names = [
    "plain.txt",
    'quo"te',
    "back\\slash",
    "new\nline",
    "<&>",
    "ü€😀",
    "\u200b",
    "folder/inside",
  ];
  for (const name of names) writeFileSync(join(folder, name), `content of ${name}\n`.repeat(5));
  writeFileSync(join(folder, "empty"), "");
  symlinkSync("plain.txt", join(folder, "link"));
  for (const name of names) utimesSync(join(folder, name), 1_700_000_000.5, 1_700_000_000.5);
}

/** Every object of a repository. */
function objectsOf(repository: string): Record<string, string> {
  const files = readdirSync(repository, { recursive: true, withFileTypes: true }).filter((e) =>
    e.isFile(),
  );
  return Object.fromEntries(
    files
      .map((file) => join(file.parentPath, file.name))
      .sort()
      .map((path) => [relative(repository, path), readFileSync(path).toString("base64")]),
  );
}

try {
  const [small, stream] = [join(root, "small"), join(root, "stream")];
  writeSample(join(root, "sample"));
  await run(small, "init", "--repository-version", "2");
  writeFileSync(join(root, "password"), PASSWORD);
  const [first] = JSON.parse(await run(small, "key", "list", "--json")) as [{ id: string }];
  const who = ["--host", "golden", "--user", "golden"];
  await run(small, "key", "add", ...who, "--new-password-file", join(root, "password"));
  password = PASSWORD;
  await run(small, "key", "remove", first.id);
  // Relative, so that the trees do not have the path of this machine.
  process.chdir(join(root, "sample"));
  await run(small, "backup", "--host", "golden", ".");
  const objects = objectsOf(small);
  const masterKey = JSON.parse(await run(small, "cat", "masterkey")) as Golden["masterKey"];
  const config = JSON.parse(await run(small, "cat", "config")) as Golden["config"];
  const listed = (await run(small, "ls", "--json", "latest")).trim().split("\n").slice(1);
  const paths = listed.map((line) => (JSON.parse(line) as { path: string }).path);

  mkdirSync(join(root, "large"));
  writeFileSync(join(root, "large", "stream"), goldenStream());
  process.chdir(join(root, "large"));
  await run(stream, "init", "--repository-version", "2");
  await run(stream, "backup", ".");
  const { chunker_polynomial: polynomial } = JSON.parse(
    await run(stream, "cat", "config"),
  ) as Golden["config"];
  const opened = await openRepository(createFolderRemote({ path: stream }), PASSWORD, testPowers());
  const entries = await Array.fromAsync(opened.list("latest"));
  const chunks = entries.flatMap(({ entry }) => (entry.kind === "file" ? entry.content : []));

  const version = (await run(small, "version")).trim();
  const golden: Golden = {
    ...{ madeBy: version.split(" compiled")[0]!, password: PASSWORD, masterKey, config },
    ...{ paths, objects },
    stream: { ...GOLDEN_STREAM, polynomial, chunks },
  };
  writeFileSync(join(import.meta.dir, "golden.json"), `${JSON.stringify(golden, null, 2)}\n`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
