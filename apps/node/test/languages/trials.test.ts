/**
 * What programs in each language can rely on, built from source and run on a real node: many messages among collections
 * of garbage, sleeping, clocks, randomness, several requests at once, and nothing of the host. Needs the toolchains, so
 * it runs for the languages named in KINODE_LANGUAGES (`bun run test:languages` names them), e.g. `go,python`.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPackage, packPackage } from "@kinode-ts/kit";
import type { ControlAnswer, ControlInspection } from "@kinode-ts/types";
import { type DetachedNode, startDetached } from "../detached-node.ts";

const CHOSEN = (process.env["KINODE_LANGUAGES"] ?? "").split(",");
const TRIAL = "our@trial:trial:template.os";
const BUILD_MS = 300_000;
/** For machines that do much else at the same time. */
setDefaultTimeout(120_000);

interface Trial {
  readonly language: "c" | "cpp" | "go" | "python" | "rust";
  /** Messages of the long series. */
  readonly messages: number;
  /** What opening a file of the host ends with. */
  readonly refusal: RegExp;
}

const TRIALS: readonly Trial[] = [
  { language: "c", messages: 150_000, refusal: /^0 (?!opened)/ },
  { language: "cpp", messages: 150_000, refusal: /^0 (?!opened)/ },
  { language: "rust", messages: 150_000, refusal: /^0 0 (?!opened)/ },
  { language: "go", messages: 150_000, refusal: /^0 0 open \/etc\/passwd: / },
  { language: "python", messages: 20_000, refusal: /^\d+ (?!root)/ },
];

for (const { language, messages, refusal } of TRIALS) {
  describe.if(CHOSEN.includes(language))(`a program in ${language}`, () => {
    const home = mkdtempSync(join(tmpdir(), `kinode-trial-${language}-`));
    let node: DetachedNode;

    const send = (body: string, timeout: number) =>
      node.post<ControlAnswer>("send", { target: TRIAL, body, timeout });

    async function ask(body: string): Promise<string> {
      const answer = await send(body, 100);
      if (answer.kind === "response") return answer.body;
      throw new Error(`${body}: ${JSON.stringify(answer)}\n${node.output()}`);
    }

    async function untilItAnswers(): Promise<void> {
      for (const deadline = performance.now() + 30_000; ; await Bun.sleep(100)) {
        if ((await send("now", 5)).kind === "response") return;
        if (performance.now() > deadline) throw new Error(`It never answered:\n${node.output()}`);
      }
    }

    beforeAll(async () => {
      const folder = join(import.meta.dir, "trials", language);
      await buildPackage(folder);
      const { zip } = await packPackage(folder);
      node = await startDetached(home);
      const { hash } = await node.post<ControlInspection>("packages/inspect", zip);
      await node.post(`packages/install?hash=${hash}`, { denied: [] });
      await untilItAnswers();
    }, BUILD_MS);

    afterAll(async () => {
      await node.killHard();
      rmSync(home, { recursive: true, force: true });
    });

    test("sees nothing of the host", async () => {
      expect(await ask("host")).toMatch(refusal);
    });

    test("knows the time", async () => {
      const before = Date.now();
      const [now = "", zone = ""] = (await ask("now")).split(" ");
      expect(Number(now)).toBeGreaterThanOrEqual(before);
      expect(Number(now)).toBeLessThanOrEqual(Date.now());
      expect(["Local", "UTC"]).toContain(zone);
    });

    test("gets randomness that differs each time", async () => {
      const values = await Promise.all([1, 2, 3].map(() => ask("random 16")));
      expect(new Set(values).size).toBe(3);
      for (const value of values) expect(value).toMatch(/^[0-9a-f]{32}$/);
    });

    test("sleeps as long as it says, and the node goes on meanwhile", async () => {
      const startedMs = performance.now();
      const sleeping = ask("sleep 1500");
      await node.get("processes");
      const othersMs = performance.now() - startedMs;
      const slept = Number(await sleeping);
      expect(slept).toBeGreaterThanOrEqual(1_500);
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(1_500);
      expect(othersMs).toBeLessThan(1_400);
    });

    test(`exchanges ${messages} messages`, async () => {
      expect(await ask(`flood ${messages} 100`)).toStartWith("0 wrong, ");
    });

    test("exchanges large messages", async () => {
      expect(await ask("flood 20 1000000")).toStartWith("0 wrong, ");
      expect(await ask("flood 2 16000000")).toStartWith("0 wrong, ");
    });

    test("keeps its memory within bounds", async () => {
      const memory = async (): Promise<number> => {
        const all = await node.get<{ id: string; memoryBytes: number }[]>("processes");
        return all.find(({ id }) => id === TRIAL.slice("our@".length))!.memoryBytes;
      };
      await ask("flood 100 100000");
      const before = await memory();
      await ask("flood 1000 100000");
      expect(await memory()).toBeLessThanOrEqual(before + 16_000_000);
    });

    test("waits for several answers at once, each for its own request", async () => {
      const startedMs = performance.now();
      const delays = ["1500", "500", "1000"];
      const answers = await Promise.all([
        ...delays.map((ms) => ask(`await ${ms}`)),
        ask("random 1"),
      ]);
      expect(answers.slice(0, 3)).toEqual(delays);
      expect(performance.now() - startedMs).toBeLessThan(2_900);
    });

    test.if(language === "go")(
      "runs goroutines, and lets them sleep at the same time",
      async () => {
        expect(await ask("goroutines 100")).toBe("49500");
        expect(Number(await ask("sleepers 500"))).toBeLessThan(4_000);
      },
    );

    test.if(language === "go")("reads back what is done at its end", async () => {
      const [text = "", restart] = (await ask("exit")).split(" ");
      const requests = JSON.parse(text) as { Requests: Record<string, unknown>[] };
      expect(requests.Requests).toHaveLength(1);
      expect(requests.Requests[0]).toMatchObject({
        Body: btoa("farewell"),
        Blob: { MIME: "text/plain", Bytes: btoa("data") },
        Capabilities: [{ Params: '"messaging"' }],
      });
      expect(restart).toBe("true");
    });

    test.if(language === "python")("runs with its own class on interface 0.8.0", async () => {
      const folder = join(import.meta.dir, "trials/python-0.8");
      await buildPackage(folder);
      const { zip } = await packPackage(folder);
      const { hash } = await node.post<ControlInspection>("packages/inspect", zip);
      await node.post(`packages/install?hash=${hash}`, { denied: [] });
      const old = { target: "our@old:old:template.os", body: "abc", timeout: 30 };
      for (const deadline = performance.now() + 30_000; ; await Bun.sleep(100)) {
        const answer = await node.post<ControlAnswer>("send", old);
        if (answer.kind !== "response" && performance.now() < deadline) continue;
        expect(answer).toMatchObject({ kind: "response", body: "cba" });
        break;
      }
    });

    test.if(language === "python")("awaits several requests of one handler", async () => {
      expect(await ask("several")).toBe("300 100 200");
      expect(await ask("dice")).not.toBe(await ask("dice"));
    });

    test.if(language === "c" || language === "cpp")(
      "ends when its stack is full instead of writing over its data",
      async () => {
        await send("overflow", 1);
        await untilItAnswers();
        expect(node.output()).toMatch(/trial:trial:template\.os.*(?:[Oo]ut of bounds|stack)/);
      },
    );

    test("says why it ended, and starts again", async () => {
      await send("panic", 1);
      await untilItAnswers();
      expect(node.output()).toContain("as asked");
    });
  });
}
