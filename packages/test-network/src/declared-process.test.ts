/** A process by declaration (`@kinode-ts/stdlib/app`), natively on whole kernels: it calls its like on another node. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { createTestNetwork } from "./index.ts";

async function bundle(): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "../../stdlib/test/declared-notes.ts")],
    format: "iife",
    target: "browser",
    conditions: ["bun"],
  });
  return await built.outputs[0]!.text();
}

test("[P25] 25.11 natively: local calls, remote calls of another node, and the state after a crash", async () => {
  const script = await bundle();
  const network = await createTestNetwork(["alice", "bob"]);
  try {
    for (const node of ["alice", "bob"]) await network.start(node, "notes", script);
    const ask = async (node: string, body: unknown) => {
      const answer = await network.ask(node, { node, process: "notes" }, JSON.stringify(body));
      return answer.ok ? (JSON.parse(answer.text!) as unknown) : answer;
    };
    expect(await ask("alice", { AddNote: "milk" })).toEqual({ AddNote: 1 });
    expect(await ask("bob", { AddNote: "bread" })).toEqual({ AddNote: 1 });
    expect(await ask("bob", { SyncWith: "alice.os" })).toEqual({ SyncWith: 3 });
    expect(await ask("bob", "All")).toEqual({ All: ["bread", "milk", "for bob.os"] });
    // Adding notes is for processes of the same node.
    const far = await network.ask(
      "alice",
      { node: "bob", process: "notes" },
      JSON.stringify({ AddNote: "from alice" }),
    );
    expect(far).toMatchObject({ ok: true, text: expect.stringContaining("is no call of this") });
    network.crash("bob");
    await network.restart("bob");
    expect(await ask("bob", "All")).toEqual({ All: ["bread", "milk", "for bob.os"] });
  } finally {
    await network.stop();
  }
});
