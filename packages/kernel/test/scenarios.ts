/**
 * The message rules as scenarios of probes: the same for native processes and for WebAssembly.
 * Source: spec/kernel.md §11. Each test proves the whole sentence of the points in its title.
 * @module
 */
import { expect, test } from "bun:test";
import { type ProbeRecord, probeScript as script } from "@kinode-ts/testing/probe";
import { networkCapability, VFS_PROCESS } from "@kinode-ts/types";
import {
  createTestNode,
  type ProbeKind,
  type TestNode,
  type TestNodeOptions,
} from "./test-node.ts";

const decoder = new TextDecoder();

type Received = Extract<ProbeRecord, { op: "receive" | "send-and-await" }>["delivery"];

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : decoder.decode(bytes);
}

/** Received items of a report. */
function deliveries(records: readonly ProbeRecord[]): Received[] {
  return records.flatMap((record) =>
    record.op === "receive" || record.op === "send-and-await" ? [record.delivery] : [],
  );
}

function blobText(record: ProbeRecord | undefined): string | undefined {
  if (record?.op !== "get-blob" && record?.op !== "last-blob") throw new Error("not a blob");
  return textOf(record.blob?.bytes);
}

function ofKind<K extends ProbeRecord["op"]>(
  records: readonly ProbeRecord[],
  op: K,
): Extract<ProbeRecord, { op: K }>[] {
  return records.filter((record): record is Extract<ProbeRecord, { op: K }> => record.op === op);
}

/** Defines the tests for one kind of probe. */
export function defineScenarios(probe: ProbeKind): void {
  const node = async (
    names: readonly string[],
    options: TestNodeOptions = {},
  ): Promise<TestNode> => {
    const created = await createTestNode({ ...options, probe });
    await created.start(names);
    return created;
  };
  const scenario = (title: string, run: () => Promise<void>): void => {
    test(`${title} (${probe.label})`, run);
  };

  defineRequests(node, scenario);
  defineBlobs(node, scenario);
  defineErrors(node, scenario);
  defineCapabilities(node, scenario);
}

type CreateNode = (names: readonly string[], options?: TestNodeOptions) => Promise<TestNode>;
type Scenario = (title: string, run: () => Promise<void>) => void;

function defineRequests(node: CreateNode, scenario: Scenario): void {
  scenario("[K9] a message to the node our arrives from the node's real name", async () => {
    const n = await node(["a", "b"]);
    await n.post(
      "a",
      script().sendRequest({ target: { node: "our", process: n.id("b") }, body: "x" }),
    );
    const [got] = deliveries(await n.tell("b"));
    expect(got).toMatchObject({ kind: "message", source: n.at("a") });
  });

  scenario("[K10] a request's source is the true sender", async () => {
    const n = await node(["a", "b", "c"]);
    await n.post("a", script().sendRequest({ target: n.at("b"), body: "1" }));
    await n.post("c", script().sendRequest({ target: n.at("b"), body: "2" }));
    expect(await n.inbox("b")).toEqual(["request a 1", "request c 2"]);
  });

  scenario("[K11] a response comes with the context of its request, or with none", async () => {
    const n = await node(["a", "b"]);
    await n.post(
      "b",
      script().on("request", script().sendResponse({ body: { from: "newest-message" } })),
    );
    await n.post(
      "a",
      script()
        .sendRequest({ target: n.at("b"), body: "1", expectsResponse: 5, context: "c1" })
        .sendRequest({ target: n.at("b"), body: "2", expectsResponse: 5 }),
    );
    const got = deliveries(await n.tell("a"));
    expect(got.map((item) => textOf(item.context))).toEqual(["c1", undefined]);
    expect(got.map((item) => item.kind === "message" && item.source)).toEqual([
      n.at("b"),
      n.at("b"),
    ]);
  });

  scenario(
    "[K12] the context of a request without expected response is never returned",
    async () => {
      const n = await node(["a", "b"]);
      // B answers A's first request twice over: the second answer carries no context of anybody.
      await n.post("b", script().on("request", script().sendResponse({ body: "r" })));
      await n.post(
        "a",
        script()
          .sendRequest({ target: n.at("b"), body: "1", context: "lost" })
          .sendRequest({ target: n.at("b"), body: "2", expectsResponse: 5, context: "kept" })
          .sendRequest({ target: n.at("b"), body: "3", context: "lost too" }),
      );
      expect(await n.inbox("a")).toEqual(["response b r kept"]);
    },
  );

  scenario(
    "[K13] send-response without a prompting message sends nothing, prints and goes on",
    async () => {
      const n = await node(["a", "b"]);
      await n.post("b", script().on("request", script().sendResponse({ body: "r" }).note("alive")));
      await n.post("a", script().sendRequest({ target: n.at("b"), body: "1" }));
      const records = await n.tell("b");
      expect(ofKind(records, "note")).toHaveLength(1);
      expect(await n.inbox("a")).toEqual([]);
      expect(n.lines(0).filter((line) => line.includes("b:test:sys"))).toHaveLength(1);
    },
  );

  scenario(
    "[K14] a request that wants no answer leaves the older prompting message in place",
    async () => {
      const n = await node(["a", "b"]);
      await n.post(
        "a",
        script()
          .sendRequest({ target: n.at("b"), body: "R1", expectsResponse: 5, context: "R1" })
          .sendRequest({ target: n.at("b"), body: "R2" }),
      );
      await n.post("b", script().sendResponse({ body: "r" }));
      expect(await n.inbox("a")).toEqual(["response b r R1"]);
    },
  );

  scenario("[K15] of two responses the requester receives one", async () => {
    const n = await node(["a", "b"]);
    await n.post("a", script().sendRequest({ target: n.at("b"), body: "x", expectsResponse: 5 }));
    await n.post("b", script().sendResponse({ body: "first" }));
    expect(await n.inbox("a")).toEqual(["response b first"]);
    await n.post("b", script().sendResponse({ body: "second" }));
    expect(await n.inbox("a")).toEqual([]);
  });

  scenario(
    "[K16] after a response to an own request, send-response answers the request in hand",
    async () => {
      const n = await node(["a", "b", "c"]);
      await n.post("c", script().on("request", script().sendResponse({ body: "from c" })));
      await n.post(
        "a",
        script().sendRequest({ target: n.at("b"), body: "R1", expectsResponse: 5, context: "R1" }),
      );
      await n.post("b", script().sendRequest({ target: n.at("c"), body: "q", expectsResponse: 5 }));
      expect(await n.inbox("b")).toEqual(["request a R1", "response c from c"]);
      await n.post("b", script().sendResponse({ body: "from b" }));
      expect(await n.inbox("a")).toEqual(["response b from b R1"]);
    },
  );

  scenario(
    "[K17] a response to a request sent with nothing in hand leaves nothing in hand",
    async () => {
      const n = await node(["a", "b", "c"]);
      await n.post("b", script().sendRequest({ target: n.at("c"), body: "q", expectsResponse: 5 }));
      await n.post(
        "a",
        script().sendRequest({ target: n.at("b"), body: "R1", expectsResponse: 5 }),
      );
      await n.post("c", script().sendResponse({ body: "from c" }));
      expect(await n.inbox("b")).toEqual(["request a R1", "response c from c"]);
      n.printer.clear();
      await n.post("b", script().sendResponse({ body: "nothing" }).note("alive"));
      expect(ofKind(await n.tell("b"), "note")).toHaveLength(1);
      expect(await n.inbox("a")).toEqual([]);
      expect(n.lines(0)).toHaveLength(1);
    },
  );

  scenario("[K18] a chained response goes to the first sender", async () => {
    const n = await node(["a", "b", "c"]);
    await n.post(
      "a",
      script().sendRequest({ target: n.at("b"), body: "1", expectsResponse: 5, context: "mine" }),
    );
    await n.post(
      "b",
      script()
        .clear()
        .sendRequest({ target: n.at("c"), body: "2", inherit: true }),
    );
    await n.post("c", script().sendResponse({ body: "3" }));
    expect(await n.inbox("a")).toEqual(["response c 3 mine"]);
    expect(await n.inbox("b")).toEqual([]);
  });

  scenario(
    "[K19] an inheriting request that expects a response gets it, and the first sender is answered later",
    async () => {
      const n = await node(["a", "b", "c"]);
      await n.post(
        "a",
        script().sendRequest({ target: n.at("b"), body: "1", expectsResponse: 5, context: "mine" }),
      );
      await n.post(
        "b",
        script()
          .clear()
          .sendRequest({ target: n.at("c"), body: "2", inherit: true, expectsResponse: 5 }),
      );
      await n.post("c", script().sendResponse({ body: "3" }));
      expect(await n.inbox("b")).toEqual(["response c 3"]);
      expect(await n.inbox("a")).toEqual([]);
      await n.post("b", script().sendResponse({ body: "4" }));
      expect(await n.inbox("a")).toEqual(["response b 4 mine"]);
    },
  );

  scenario(
    "[K20] an inheriting request keeps the id in hand, another gets a fresh one",
    async () => {
      const n = await node(["a", "b"], { eventPrinting: true });
      const target = n.at("driver:distro:sys");
      await n.post("a", script().sendRequest({ target: n.at("b"), body: "1", expectsResponse: 5 }));
      await n.post(
        "b",
        script()
          .sendRequest({ target, body: "kept", inherit: true })
          .sendRequest({ target, body: "fresh" }),
      );
      const ids = (body: string) =>
        n.driver.received
          .filter((message) => decoder.decode(message.message.body) === body)
          .map(({ id }) => String(id));
      const first = n.lines(3).find((line) => line.includes("source: alice.os@a:test:sys"))!;
      const id = /^id: (\d+)/.exec(first)![1]!;
      expect(ids("kept")).toEqual([id]);
      expect(ids("fresh")).not.toEqual([id]);
      expect(ids("fresh")).toHaveLength(1);
    },
  );

  scenario("[K21] inherit with nothing in hand is a fresh request without rsvp", async () => {
    const n = await node(["a", "b"]);
    const target = n.at("driver:distro:sys");
    await n.post("a", script().sendRequest({ target, body: "x", inherit: true }));
    await n.post("a", script().sendRequest({ target, body: "x", inherit: true }));
    const [one, two] = n.driver.received;
    expect([one!.rsvp, two!.rsvp]).toEqual([undefined, undefined]);
    expect(one!.id).not.toBe(two!.id);
  });

  scenario("[K22] through four processes the response reaches the first", async () => {
    const n = await node(["a", "b", "c", "d"]);
    await n.post(
      "a",
      script().sendRequest({ target: n.at("b"), body: "1", expectsResponse: 5, context: "mine" }),
    );
    await n.post("b", script().sendRequest({ target: n.at("c"), body: "2", inherit: true }));
    await n.post("c", script().sendRequest({ target: n.at("d"), body: "3", inherit: true }));
    await n.post("d", script().sendResponse({ body: "4" }));
    expect(await n.inbox("a")).toEqual(["response d 4 mine"]);
  });

  scenario("[K23] a response after the timeout error was received is not delivered", async () => {
    const n = await node(["a", "b"]);
    await n.post("a", script().sendRequest({ target: n.at("b"), body: "x", expectsResponse: 1 }));
    await n.clock.advance(1_100);
    expect(await n.inbox("a")).toEqual(["timeout b"]);
    await n.post("b", script().sendResponse({ body: "late" }));
    expect(await n.inbox("a")).toEqual([]);
  });

  scenario("[K24] a response with an unknown id is not delivered", async () => {
    const n = await node(["a"]);
    n.driver.context.respondTo(n.at("a"), 12_345, { body: new TextEncoder().encode("who?") });
    expect(await n.inbox("a")).toEqual([]);
  });

  for (const [what, request] of [
    ["without expected response", { body: "x" }],
    ["to oneself", { body: "x", expectsResponse: 5 }],
    ["to oneself by the node our", { body: "x", expectsResponse: 5 }],
  ] as const) {
    scenario(`[K26] send-and-await-response ${what} traps`, async () => {
      const n = await node(["a", "b"]);
      const self = what.startsWith("to oneself");
      const target = what.endsWith("our")
        ? { node: "our", process: n.id("a") }
        : n.at(self ? "a" : "b");
      await n.post("a", script().sendAndAwait({ target, ...request }));
      expect(n.kernel.process(n.id("a"))).toBeUndefined();
      expect(n.lines(0).some((line) => line.includes("a:test:sys ended"))).toBe(true);
      expect(await n.inbox("b")).toEqual([]);
    });
  }

  scenario("[K27] what arrives while awaiting is delivered later in its order", async () => {
    const n = await node(["a", "b", "c"]);
    await n.post(
      "a",
      script()
        .sendAndAwait({ target: n.at("b"), body: "q", expectsResponse: 5 })
        .report(n.at("driver:distro:sys")),
    );
    await n.post(
      "c",
      script()
        .sendRequest({ target: n.at("a"), body: "1" })
        .sendRequest({ target: n.at("a"), body: "2" }),
    );
    await n.post(
      "b",
      script()
        .sendRequest({ target: n.at("a"), body: "3" })
        .sendResponse({ body: "r" }),
    );
    expect(
      n.reportsOf("a")[0]!.flatMap((record) => (record.op === "send-and-await" ? [record.op] : [])),
    ).toHaveLength(1);
    expect(await n.inbox("a")).toEqual(["request c 1", "request c 2", "request b 3"]);
  });

  scenario("[K28] after an await get-blob gives the blob of the response", async () => {
    const n = await node(["a", "b"]);
    await n.post("b", script().on("request", script().sendResponse({ blob: { bytes: "answer" } })));
    const records = await n.tell(
      "a",
      script()
        .sendAndAwait({ target: n.at("b"), body: "q", expectsResponse: 5 })
        .getBlob(),
    );
    expect(blobText(ofKind(records, "get-blob")[0])).toBe("answer");
  });

  scenario("[K29] send-requests keeps its order", async () => {
    const n = await node(["a", "b"]);
    const bodies = Array.from({ length: 50 }, (_, index) => String(index));
    await n.post("a", script().sendRequests(bodies.map((body) => ({ target: n.at("b"), body }))));
    expect(await n.inbox("b")).toEqual(bodies.map((body) => `request a ${body}`));
  });

  scenario("[K30] the order of each of two senders is kept", async () => {
    const n = await node(["a", "b", "c"]);
    for (let round = 0; round < 20; round++) {
      for (const sender of ["a", "c"]) {
        await n.post(
          sender,
          script().sendRequests([
            { target: n.at("b"), body: `${round}x` },
            { target: n.at("b"), body: `${round}y` },
          ]),
        );
      }
    }
    const inbox = await n.inbox("b");
    const expected = Array.from({ length: 20 }, (_, round) => [`${round}x`, `${round}y`]).flat();
    for (const sender of ["a", "c"]) {
      expect(inbox.filter((item) => item.startsWith(`request ${sender}`))).toEqual(
        expected.map((body) => `request ${sender} ${body}`),
      );
    }
  });

  scenario("[K54] a process can message itself", async () => {
    const n = await node(["a"]);
    await n.post("a", script().sendRequest({ target: "self", body: "me" }));
    expect(await n.inbox("a")).toEqual(["request a me"]);
  });
}

function defineBlobs(node: CreateNode, scenario: Scenario): void {
  const blobOf = async (n: TestNode, name: string): Promise<string | undefined> =>
    blobText(ofKind(await n.tell(name), "get-blob").at(-1));
  const give = (n: TestNode, to: string, text: string) =>
    script().sendRequest({
      target: n.at(to),
      body: "x",
      expectsResponse: 5,
      blob: { bytes: text },
    });

  scenario("[K31] an explicit blob wins over the inherited one", async () => {
    const n = await node(["a", "b", "c"]);
    await n.post("c", script().on("request", script().getBlob()));
    await n.post("a", give(n, "b", "old"));
    await n.post(
      "b",
      script().sendRequest({ target: n.at("c"), inherit: true, blob: { bytes: "new" } }),
    );
    expect(await blobOf(n, "c")).toBe("new");
  });

  scenario(
    "[K32] inherit without a blob sends the last one received; without inherit none",
    async () => {
      const n = await node(["a", "b", "c"]);
      await n.post("c", script().on("request", script().getBlob()));
      await n.post("a", give(n, "b", "passed on"));
      await n.post("b", script().sendRequest({ target: n.at("c"), inherit: true }));
      expect(await blobOf(n, "c")).toBe("passed on");
      await n.post("b", script().sendRequest({ target: n.at("c") }));
      expect(await blobOf(n, "c")).toBeUndefined();
    },
  );

  scenario("[K33] an inheriting response sends the last blob even if one is given", async () => {
    const n = await node(["a", "b"]);
    await n.post("a", script().on("response", script().getBlob()));
    await n.post("a", give(n, "b", "yours"));
    await n.post("b", script().sendResponse({ inherit: true, blob: { bytes: "mine" } }));
    expect(await blobOf(n, "a")).toBe("yours");
  });

  scenario("[K34] get-blob twice gives the same blob", async () => {
    const n = await node(["a", "b"]);
    await n.post("b", script().on("request", script().getBlob().getBlob()));
    await n.post("a", give(n, "b", "same"));
    const blobs = ofKind(await n.tell("b"), "get-blob").map(blobText);
    expect(blobs).toEqual(["same", "same"]);
  });

  scenario(
    "[K35] a message without blob hides the older one from get-blob, not from last-blob",
    async () => {
      const n = await node(["a", "b"]);
      await n.post("b", script().on("request", script().hasBlob().getBlob().lastBlob()));
      await n.post("a", give(n, "b", "old").sendRequest({ target: n.at("b"), body: "y" }));
      const records = await n.tell("b");
      expect(ofKind(records, "has-blob").map(({ has }) => has)).toEqual([true, false]);
      expect(ofKind(records, "get-blob").map(blobText)).toEqual(["old", undefined]);
      expect(ofKind(records, "last-blob").map(blobText)).toEqual(["old", "old"]);
    },
  );

  scenario(
    "[K36] after a send-error there is no blob; the error carries the original one",
    async () => {
      const n = await node(["a"]);
      await n.post("a", script().on("send-error", script().hasBlob()));
      await n.post(
        "a",
        script().sendRequest({
          target: n.at("nobody"),
          expectsResponse: 5,
          blob: { bytes: "kept" },
        }),
      );
      const records = await n.tell("a");
      const [error] = deliveries(records);
      expect(error?.kind === "send-error" && textOf(error.error.blob?.bytes)).toBe("kept");
      expect(ofKind(records, "has-blob")).toEqual([{ op: "has-blob", has: false }]);
    },
  );

  scenario("[K37] last-blob before any blob is none", async () => {
    const n = await node(["a"]);
    expect(await n.tell("a", script().lastBlob())).toEqual([{ op: "last-blob", blob: undefined }]);
  });

  scenario("[K38] a file read from the VFS is forwarded to the kernel by inherit", async () => {
    const n = await node(["a"]);
    await n.grant("a", n.messaging(VFS_PROCESS), n.messaging("kernel:distro:sys"));
    const initialize = {
      InitializeProcess: {
        id: "made:test:sys",
        wasm_bytes_handle: n.probe.handle,
        wit_version: 1,
        on_exit: "None",
        initial_capabilities: [],
        public: false,
      },
    };
    const records = await n.tell(
      "a",
      script()
        .sendAndAwait({
          target: n.at(VFS_PROCESS),
          body: JSON.stringify({ path: n.probe.handle, action: "Read" }),
          expectsResponse: 5,
        })
        .sendAndAwait({
          target: n.at("kernel:distro:sys"),
          body: JSON.stringify(initialize),
          inherit: true,
          expectsResponse: 5,
        }),
    );
    expect(
      deliveries(records).map((item) => item.kind === "message" && textOf(item.message.body)),
    ).toEqual(['"Read"', '"InitializedProcess"']);
    // The bytes are used, not the path: the file is gone before the process starts.
    n.files.delete(n.probe.handle);
    await n.letDrive(["made"]);
    expect(await n.command({ RunProcess: "made:test:sys" })).toBe("StartedProcess");
    await n.clock.settle();
    expect(await n.tell("made", script().our())).toEqual([{ op: "our", address: n.at("made") }]);
  });
}

function defineErrors(node: CreateNode, scenario: Scenario): void {
  scenario("[K39] a request that is never answered times out with all it carried", async () => {
    const n = await node(["a", "b"]);
    await n.post(
      "a",
      script().sendRequest({
        target: n.at("b"),
        body: "hello",
        expectsResponse: 1,
        metadata: "m",
        context: "ctx",
        blob: { mime: "t/x", bytes: "b" },
      }),
    );
    await n.clock.advance(990);
    expect(await n.inbox("a")).toEqual([]);
    await n.clock.advance(60);
    const [error] = deliveries(await n.tell("a"));
    if (error?.kind !== "send-error") throw new Error("no error");
    expect(error.error).toMatchObject({ kind: "timeout", target: n.at("b") });
    expect(error.error.message).toMatchObject({
      kind: "request",
      expectsResponse: 1,
      metadata: "m",
    });
    expect(textOf(error.error.message.body)).toBe("hello");
    expect(error.error.blob?.mime).toBe("t/x");
    expect(textOf(error.error.blob?.bytes)).toBe("b");
    expect(textOf(error.context)).toBe("ctx");
  });

  scenario("[K40] a request to a process that does not exist fails at once", async () => {
    const n = await node(["a"]);
    await n.post(
      "a",
      script().sendRequest({ target: n.at("nobody"), expectsResponse: 60, context: "c" }),
    );
    expect(await n.inbox("a")).toEqual(["timeout nobody c"]);
  });

  scenario(
    "[K41] a request without the messaging capability fails at once and does not arrive",
    async () => {
      const n = await node(["a"]);
      await n.start(["b"]);
      await n.post("a", script().sendRequest({ target: n.at("b"), expectsResponse: 60 }));
      expect(await n.inbox("a")).toEqual(["timeout b"]);
      expect(await n.inbox("b")).toEqual([]);
      expect(
        n.lines(0).some((line) => line.includes("a:test:sys") && line.includes("b:test:sys")),
      ).toBe(true);
    },
  );

  scenario("[K42] without expected response the sender learns nothing", async () => {
    const n = await node(["a"]);
    await n.start(["b"]);
    await n.post(
      "a",
      script()
        .sendRequest({ target: n.at("b") })
        .sendRequest({ target: n.at("nobody") }),
    );
    await n.clock.advance(100_000);
    expect(await n.inbox("a")).toEqual([]);
    expect(await n.inbox("b")).toEqual([]);
  });

  scenario(
    "[K43] the response of a process that may not message the requester is dropped",
    async () => {
      const n = await node(["a"]);
      await n.start(["b"]);
      await n.grant("a", n.messaging("b"));
      await n.post("a", script().sendRequest({ target: n.at("b"), expectsResponse: 2 }));
      await n.post("b", script().sendResponse({ body: "r" }));
      expect(await n.inbox("a")).toEqual([]);
      await n.clock.advance(2_050);
      expect(await n.inbox("a")).toEqual(["timeout b"]);
    },
  );

  scenario("[K44] a remote target without the network capability fails at once", async () => {
    const n = await node(["a"]);
    const target = { node: "bob.os", process: n.id("b") };
    await n.post("a", script().sendRequest({ target, expectsResponse: 60 }));
    expect(await n.inbox("a")).toEqual(["timeout bob.os@b"]);
    expect(n.network.sent).toEqual([]);
  });

  scenario(
    "[K45] a remote target nobody knows is offline, told only if a response is expected",
    async () => {
      const n = await node(["a"]);
      await n.grant("a", networkCapability(n.our));
      const target = { node: "bob.os", process: n.id("b") };
      await n.post(
        "a",
        script()
          .sendRequest({ target, expectsResponse: 60, context: "c" })
          .sendRequest({ target, context: "d" }),
      );
      expect(await n.inbox("a")).toEqual(["offline bob.os@b c"]);
      expect(n.network.sent).toHaveLength(2);
    },
  );

  scenario("[K46] a timeout of 0 fires at once, one of 2^40 seconds does not", async () => {
    const n = await node(["a", "b"]);
    await n.post(
      "a",
      script().sendRequest({ target: n.at("b"), expectsResponse: 0, context: "now" }),
    );
    expect(await n.inbox("a")).toEqual(["timeout b now"]);
    await n.post(
      "a",
      script().sendRequest({ target: n.at("b"), expectsResponse: 2 ** 40, context: "never" }),
    );
    await n.clock.advance(400 * 24 * 3_600_000);
    expect(await n.inbox("a")).toEqual([]);
    await n.post("b", script().sendResponse({ body: "after a year" }));
    expect(await n.inbox("a")).toEqual(["response b after a year never"]);
  });

  scenario(
    "[K47] a send-error puts the message back in hand with which the request was sent",
    async () => {
      const n = await node(["a", "b", "c", "silent"]);
      await n.post(
        "a",
        script().sendRequest({ target: n.at("b"), body: "R1", expectsResponse: 9, context: "R1" }),
      );
      await n.post("b", script().sendRequest({ target: n.at("silent"), expectsResponse: 1 }));
      await n.post(
        "c",
        script().sendRequest({ target: n.at("b"), body: "R2", expectsResponse: 9, context: "R2" }),
      );
      await n.clock.advance(1_050);
      expect(await n.inbox("b")).toEqual(["request a R1", "request c R2", "timeout silent"]);
      await n.post("b", script().sendResponse({ body: "r" }));
      expect(await n.inbox("a")).toEqual(["response b r R1"]);
      expect(await n.inbox("c")).toEqual([]);
    },
  );

  scenario("[K48] a public process can be messaged without capability", async () => {
    const n = await node(["a"]);
    await n.start(["b"], { public: true });
    await n.post("a", script().sendRequest({ target: n.at("b"), body: "hi" }));
    expect(await n.inbox("b")).toEqual(["request a hi"]);
  });
}

function defineCapabilities(node: CreateNode, scenario: Scenario): void {
  const attach = (
    n: TestNode,
    to: string,
    capabilities: readonly { issuer: { node: string; process: never }; params: string }[],
  ) => script().sendRequest({ target: n.at(to), body: "caps", capabilities });
  const cap = (n: TestNode, issuer: string, params: string) =>
    ({ issuer: n.at(issuer), params }) as never;
  const received = async (n: TestNode, name: string): Promise<string[]> =>
    deliveries(await n.tell(name)).flatMap((item) =>
      item.kind === "message" ? item.message.capabilities.map(({ params }) => params) : [],
    );
  const held = async (n: TestNode, name: string): Promise<string[]> =>
    ofKind(await n.tell(name, script().ourCapabilities()), "our-capabilities")[0]!.capabilities.map(
      ({ issuer, params }) => `${issuer.process.split(":")[0]} ${params}`,
    );

  scenario(
    "[K57] own and held capabilities are attached, others removed, the message is sent",
    async () => {
      const n = await node(["a", "b", "c"]);
      await n.grant("a", cap(n, "c", '"held"'));
      await n.post(
        "a",
        attach(n, "b", [cap(n, "a", '"own"'), cap(n, "c", '"held"'), cap(n, "c", '"forged"')]),
      );
      expect(await received(n, "b")).toEqual(['"own"', '"held"']);
      await n.post("a", attach(n, "b", [cap(n, "c", '"forged"')]));
      expect(await n.inbox("b")).toEqual(["request a caps"]);
    },
  );

  scenario(
    "[K59] a capability received and saved is seen by its issuer when attached",
    async () => {
      const n = await node(["a", "b"]);
      const right = cap(n, "b", '{"right":1}');
      await n.post("b", attach(n, "a", [right]));
      expect(await received(n, "a")).toEqual(['{"right":1}']);
      await n.post("a", script().saveCapabilities([right]));
      await n.post("a", attach(n, "b", [right]));
      expect(await received(n, "b")).toEqual(['{"right":1}']);
    },
  );

  scenario(
    "[K60] saving a capability never received, held or self-issued has no effect",
    async () => {
      const n = await node(["a", "b"]);
      const before = await held(n, "a");
      await n.post(
        "a",
        script().saveCapabilities([
          cap(n, "kernel:distro:sys", '"messaging"'),
          cap(n, "vfs:distro:sys", '{"root":true}'),
          cap(n, "b", '"anything"'),
        ]),
      );
      expect(await held(n, "a")).toEqual(before);
      await n.post("a", script().saveCapabilities([cap(n, "a", '"mine"')]));
      expect(await held(n, "a")).toEqual([...before, 'a "mine"']);
    },
  );

  scenario("[K61] a dropped capability is gone, dropping an absent one is fine", async () => {
    const n = await node(["a", "b"]);
    await n.post(
      "a",
      script().dropCapabilities([cap(n, "b", '"messaging"'), cap(n, "b", '"absent"')]),
    );
    expect(await held(n, "a")).toEqual(['a "messaging"']);
    await n.post("a", script().sendRequest({ target: n.at("b"), expectsResponse: 5 }));
    expect(await n.inbox("a")).toEqual(["timeout b"]);
  });

  scenario(
    "[K84] state calls change neither blobs, the message in hand nor the order",
    async () => {
      const n = await node(["a", "b"]);
      await n.post(
        "a",
        script().sendRequest({
          target: n.at("b"),
          body: "R1",
          expectsResponse: 9,
          blob: { bytes: "blob" },
        }),
      );
      await n.post(
        "b",
        script().on("request", script().setState("s").getState().getBlob().lastBlob()).clear(),
      );
      await n.post(
        "a",
        script()
          .sendRequest({
            target: n.at("b"),
            body: "R2",
            expectsResponse: 9,
            context: "R2",
            blob: { bytes: "two" },
          })
          .sendRequest({ target: n.at("b"), body: "R3" })
          .sendRequest({ target: n.at("b"), body: "R4" }),
      );
      const records = await n.tell("b");
      expect(ofKind(records, "get-state").map(({ bytes }) => textOf(bytes))).toEqual([
        "s",
        "s",
        "s",
      ]);
      expect(ofKind(records, "get-blob").map(blobText)).toEqual(["two", undefined, undefined]);
      expect(ofKind(records, "last-blob").map(blobText)).toEqual(["two", "two", "two"]);
      expect(
        records.flatMap((record) =>
          deliveries([record]).map((item) => item.kind === "message" && textOf(item.message.body)),
        ),
      ).toEqual(["R2", "R3", "R4"]);
      await n.post("b", script().sendResponse({ body: "r" }));
      expect(await n.inbox("a")).toEqual(["response b r R2"]);
    },
  );
}
