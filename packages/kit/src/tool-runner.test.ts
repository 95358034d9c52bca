import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { createToolRunner } from "./tool-runner-bun.ts";

const tools = createToolRunner();
const script = (code: string) => [process.execPath, "-e", code];

test("output of both streams comes in the order it was written", async () => {
  const code =
    "for (const i of [1, 2, 3]) { process.stdout.write(`o${i} `); process.stderr.write(`e${i} `); }";
  expect(await tools.run(script(code), { cwd: tmpdir() })).toBe("o1 e1 o2 e2 o3 e3 ");
});

test("a program gets its folder and its variables beside those of this one", async () => {
  const code = "console.log(process.cwd(), process.env.KIT_TEST, process.env.PATH !== undefined)";
  const text = await tools.run(script(code), { cwd: tmpdir(), env: { KIT_TEST: "yes" } });
  expect(text.trim()).toEndWith("yes true");
});

test("a failing program is an error with what it printed", async () => {
  const failing = tools.run(script("console.error('line 3: no'); process.exit(4)"), {
    cwd: tmpdir(),
  });
  await expect(failing).rejects.toMatchObject({ code: "kit.build-failed" });
  await expect(failing).rejects.toThrow("line 3: no");
  await expect(tools.run(script("process.exit(4)"), { cwd: tmpdir() })).rejects.toThrow(
    "exit code 4",
  );
});

test("a program that is not there is an error that names it, and is not found", async () => {
  await expect(tools.run(["no-such-program-x"], { cwd: tmpdir() })).rejects.toThrow(
    "no-such-program-x",
  );
  expect(tools.find("no-such-program-x")).toBeUndefined();
  expect(tools.find("sh")).toStartWith("/");
});
