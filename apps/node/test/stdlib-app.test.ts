/**
 * A process by declaration (`@kinode-ts/stdlib/app`) on a whole node, as a script and packed as a component: pages, web
 * sockets, calls of another process through a typed caller, the state. Natively: `packages/test-network`.
 * Source: spec/packages-and-tools.md §25.11.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { removeScripts, writeScript } from "./script-package.ts";

const API = `
import { defineApi, list, method, string, u64 } from "@kinode-ts/stdlib/api";

export const notesApi = defineApi({
  addNote: method([string], u64),
  find: method([string], list(string)),
  remove: method([u64], string),
});
`;

const SOURCE = `
import { defineProcess, handler, Refusal } from "@kinode-ts/stdlib/app";
import { Response } from "@kinode-ts/stdlib/http";
import { notesApi } from "../notes-api.ts";

interface Notes {
  notes: string[];
}

function schema(value: unknown): Notes {
  const { notes } = value as Notes;
  if (!Array.isArray(notes)) throw new Error("notes is no list");
  return { notes: notes.map(String) };
}

const { addNote, find, remove } = notesApi.methods;

export default defineProcess({
  state: {
    schema,
    initial: () => ({ notes: [] }),
    save: "onDiff",
    version: 2,
    migrate: (old) => ({ notes: old as string[] }),
  },
  http: {
    "GET /notes": (_request, state) => Response.json(state.notes),
    "POST /notes": {
      authenticated: true,
      handle: async (request, state, { server }) => {
        state.notes.push(await request.text());
        await server.broadcast("/live", { count: state.notes.length });
        return Response.json({ count: state.notes.length }, { status: 201 });
      },
    },
  },
  ws: {
    "/live": {
      authenticated: false,
      open: (channel, state) => channel.send(state.notes),
      message: (channel, frame) => channel.send("echo " + frame.text()),
    },
  },
  local: {
    addNote: handler(addNote, (text, state: Notes) => state.notes.push(text)),
    find: handler(find, (part, state: Notes) => state.notes.filter((note) => note.includes(part))),
    remove: handler(remove, (index, state: Notes) => {
      const [note] = state.notes.splice(Number(index), 1);
      if (note === undefined) throw new Refusal("there is no note " + index);
      return note;
    }),
  },
  init: async ({ homepage, our }) => {
    await homepage.add({ label: "Notes " + our.process, path: "/notes" });
  },
});
`;

const CALLER = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import { ApiError } from "@kinode-ts/stdlib/api";
import { notesApi } from "../notes-api.ts";

export default defineProcess(() =>
  serve(async (message) => {
    const notes = notesApi(message.text() + ":notes:example.os");
    const count = await notes.addNote("from the caller");
    const found: string[] = await notes.find("caller");
    const removed: string = await notes.remove(Number(count) - 1);
    const refused = await notes.remove(99).catch((thrown) =>
      thrown instanceof ApiError ? [thrown.code, thrown.value] : String(thrown),
    );
    return { count, found, removed, refused };
  }),
);
`;

const MODULES = ["http-server:distro:sys", "homepage:homepage:sys", "timer:distro:sys"];
const entry = (name: string, path: string, messages: readonly string[]) => ({
  process_name: name,
  process_wasm_path: path,
  on_exit: "Restart",
  request_networking: false,
  request_capabilities: messages,
  grant_capabilities: [...messages, "terminal:terminal:sys"],
  public: false,
});

// Generous: a machine under load is slow, never wrong.
setDefaultTimeout(60_000);

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const folder = writeScript("notes", SOURCE, {
    files: { "src/packed.ts": SOURCE, "src/caller.ts": CALLER, "notes-api.ts": API },
  });
  mkdirSync(join(folder, "pkg"), { recursive: true });
  const apps = ["notes:notes:example.os", "packed:notes:example.os"];
  const manifest = [
    entry("notes", "/notes.js", [...MODULES, "caller:notes:example.os"]),
    entry("packed", "/packed.wasm", [...MODULES, "caller:notes:example.os"]),
    entry("caller", "/caller.js", apps),
  ];
  writeFileSync(join(folder, "pkg/manifest.json"), JSON.stringify(manifest));
  await node.install(folder);
}, 60_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

for (const form of ["notes", "packed"]) {
  const id = `${form}:notes:example.os`;
  describe(form === "notes" ? "as a script" : "packed as a component", () => {
    test("[P25] 25.11 pages read and change the state, with methods of their own", async () => {
      const posted = await node.fetch(`/${id}/notes`, { method: "POST", body: "milk" });
      expect([posted.status, await posted.json()]).toEqual([201, { count: 1 }]);
      expect(await (await node.fetch(`/${id}/notes`)).json()).toEqual(["milk"]);
      const refused = await node.fetch(`/${id}/notes`, { method: "DELETE" });
      expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, POST"]);
    });

    test("[P25] 25.11 a web socket opens with the state, hears of changes, and is answered", async () => {
      const socket = new WebSocket(`${node.url.replace("http", "ws")}/${id}/live`);
      const got: unknown[] = [];
      socket.onmessage = ({ data }) => void got.push(data);
      const until = async (count: number) => {
        while (got.length < count) await node.during(Bun.sleep(2));
      };
      await until(1);
      socket.send("hello");
      await until(2);
      await node.fetch(`/${id}/notes`, { method: "POST", body: "bread" });
      await until(3);
      expect(got).toEqual(['["milk"]', "echo hello", '{"count":2}']);
      socket.close();
    });

    test("[P25] 25.11 a typed caller of another process gets values and refusals", async () => {
      expect((await node.ask("caller:notes:example.os", form)).body).toEqual({
        count: 3,
        found: ["from the caller"],
        removed: "from the caller",
        refused: ["Refused", "there is no note 99"],
      });
    });

    test("what is no call is refused with the calls that there are", async () => {
      const { body } = await node.ask(id, { Nothing: 1 });
      expect(body).toEqual({
        Err: '"Nothing" is no call of this process: there are AddNote, Find, Remove',
      });
      expect((await node.ask(id, { AddNote: 7 })).body).toEqual({
        Err: expect.stringContaining("expected a text, found 7"),
      });
    });
  });
}

test("[P25] 25.11 init ran, and the state is there after a restart of the node", async () => {
  const labels = async () =>
    ((await (await node.fetch("/apps")).json()) as { label: string }[]).map(({ label }) => label);
  expect(await labels()).toEqual(expect.arrayContaining(["Notes notes", "Notes packed"]));
  await node.restart();
  for (const form of ["notes", "packed"]) {
    // It answers when it has bound its paths.
    const asking = node.ask(`${form}:notes:example.os`, { Find: "milk" }, { timeoutSeconds: 60 });
    let isAnswered = false;
    void asking.finally(() => (isAnswered = true)).catch(() => {});
    for (; !isAnswered; await Bun.sleep(2)) await node.advance(5);
    expect((await asking).body).toEqual({ Find: ["milk"] });
    const page = await node.fetch(`/${form}:notes:example.os/notes`);
    expect(await page.json()).toEqual(["milk", "bread"]);
  }
}, 30_000);
