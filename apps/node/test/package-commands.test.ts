/** The commands of developers, as they are typed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DetachedNode, startDetached } from "./detached-node.ts";
import { kinode } from "./run-kinode.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-packages-"));
const home = join(folder, "home");
const app = join(folder, "my-app");
let node: DetachedNode;
beforeAll(async () => {
  node = await startDetached(home);
}, 120_000);
afterAll(async () => {
  await node.stop();
  rmSync(folder, { recursive: true });
});

const onNode = (...args: string[]) => kinode(...args, "--home", home);

test("from nothing to a running app with a page: new, build, verify, install, send", async () => {
  const made = await kinode("new", app, "--publisher", "alice.os");
  expect(made.code, made.err).toBe(0);
  expect(made.out).toContain("Made my-app:alice.os");
  const built = await kinode("b", app);
  expect(built.out).toContain("built      pkg/counter.js");
  const verified = await kinode("verify", app);
  expect(verified).toMatchObject({ code: 0 });
  expect(verified.out).toContain("rebuilt    yes");
  const started = await onNode("s", app, "--yes");
  expect(started.code, started.err).toBe(0);
  const answer = await onNode("send", "our@counter:my-app:alice.os", '"Count"');
  expect(answer.out).toBe('{"Count":1}');
});

test("inject-message sends over the message endpoint, with a blob or without waiting", async () => {
  const process = "counter:my-app:alice.os";
  const asked = await onNode("inject-message", process, '"Recall"');
  expect(asked.code, asked.err).toBe(0);
  expect(asked.out).toBe('{"Recalled":""}');
  const blob = join(folder, "blob.txt");
  writeFileSync(blob, "content");
  expect((await onNode("i", process, '"Count"', "--blob", blob, "--json")).out).toContain('"body"');
  expect((await onNode("i", process, '"Count"', "--non-block")).out).toBe(`Sent to ${process}.`);
  expect((await onNode("i", "nobody", "1")).err).toContain("is not a process id");
  expect((await onNode("i", process, "{")).err).toContain("The body is not JSON");
  expect((await onNode("i", process, "1", "--blob", "/nowhere")).err).toContain("There is no file");
});

test("build-start-package builds what changed and installs it over the old one", async () => {
  const page = join(app, "src/page.ts");
  writeFileSync(page, readFileSync(page, "utf8").replace("Counted to", "We counted to"));
  const { code, out, err } = await onNode("bs", app, "--yes");
  expect(code, err).toBe(0);
  expect(out).toContain("my-app");
  const { hash } = JSON.parse((await kinode("build", app, "--json")).out) as { hash: string };
  expect(JSON.parse((await kinode("verify", app, "--json")).out)).toMatchObject({
    versionHash: hash,
    rebuilt: "same",
  });
});

test("remove-package takes the package of a folder, or the one named", async () => {
  expect((await onNode("remove-package", app)).out).toContain("Uninstalled my-app:alice.os");
  expect((await onNode("r", "-a", "my-app")).err).toContain("belong together");
  expect((await onNode("r", "-a", "my-app", "-u", "alice.os")).code).toBe(1);
});

test("what a zip says is held against the sources", async () => {
  writeFileSync(join(app, "src/page.ts"), "export const page = (n: number): string => `${n}`;\n");
  const { code, out } = await kinode("verify", app);
  expect(code).toBe(1);
  expect(out).toContain("differs    counter.js\n");
});

test("check tells what is asked in plain words, and type errors by their place", async () => {
  const good = await kinode("check", app);
  expect(good.code, good.out).toBe(0);
  expect(good.out).toContain("asks       counter: read and write its own files");
  writeFileSync(join(app, "src/page.ts"), "export const page = (n: string): string => n;\n");
  const bad = await kinode("check", app);
  expect(bad.code).toBe(1);
  expect(bad.out).toMatch(/src\/counter\.ts\(\d+,\d+\): error/);
});

test("a package for other nodes has components and no scripts", async () => {
  writeFileSync(join(app, "src/page.ts"), "export const page = (n: number): string => `${n}`;\n");
  const file = join(folder, "portable.zip");
  expect((await kinode("package", app, "--component", "--out", file)).code).toBe(0);
  const verified = await kinode("verify", file, "--source", app, "--component");
  expect(verified.out).toContain("rebuilt    yes");
  expect((await onNode("install", file, "--yes")).code).toBe(0);
  const answer = await onNode("send", "our@counter:my-app:alice.os", '{"Ask":"how"}');
  expect(answer.out).toBe('{"Answer":{"question":"how","answer":"HOW"}}');
});

test("new lists its templates, takes the existing kit's words, and refuses what it must", async () => {
  const list = JSON.parse((await kinode("new", "--list", "--json")).out) as { language: string }[];
  expect(list.map(({ language }) => language)).toContain("typescript");
  expect((await kinode("new", "--list")).out).toContain("TypeScript");
  const js = join(folder, "in-js");
  const made = await kinode("n", js, "-l", "javascript", "-a", "other", "-u", "bob.os", "--json");
  expect(JSON.parse(made.out)).toMatchObject({ id: "other:bob.os", language: "javascript" });
  expect((await kinode("new", app)).err).toContain("is not empty");
  expect((await kinode("new", join(folder, "test"))).err).toContain('"test" cannot be the name');
  expect((await kinode("new", join(folder, "x"), "-t", "cobol")).err).toContain(
    'no template "cobol"',
  );
  expect(existsSync(join(folder, "x"))).toBe(false);
  expect((await kinode("new")).err).toContain("A folder for the new package is missing");
});

test("view-api shows what installed packages offer to others", async () => {
  expect((await onNode("view-api")).out).toBe("No installed package has an API.");
  mkdirSync(join(app, "api"));
  const wit = "interface my-app {\n  type word = string;\n}\n";
  writeFileSync(join(app, "api/my-app:alice.os-v0.wit"), wit);
  expect((await onNode("bs", app, "--yes")).code).toBe(0);
  expect((await onNode("v")).out).toBe("my-app:alice.os");
  const shown = (await onNode("v", "my-app:alice.os")).out;
  expect(shown).toContain(`--- my-app:alice.os-v0.wit\n${wit.trimEnd()}`);
  expect((await onNode("v", "other:alice.os")).err).toContain("There are my-app:alice.os");
});

test("dev-ui runs the interface's own scripts with the address of the node", async () => {
  expect((await onNode("dev-ui", app)).err).toContain("ui/package.json is missing");
  mkdirSync(join(app, "ui"));
  const scripts = { start: "bun -e \"await Bun.write('seen', process.env.VITE_NODE_URL)\"" };
  writeFileSync(join(app, "ui/package.json"), JSON.stringify({ name: "ui", scripts }));
  expect((await onNode("d", app)).code).toBe(0);
  expect(readFileSync(join(app, "ui/seen"), "utf8")).toBe(node.url);
  expect((await onNode("d", app, "--release")).code).toBe(1);
});

test("commands of the existing kit that are not there say so, and what to do", async () => {
  for (const name of ["boot-real-node", "e", "publish", "setup"]) {
    const { code, err } = await kinode(name, "--whatever", "x");
    expect(code, name).toBe(1);
    expect(err, name).toContain("is not in this version");
  }
});
