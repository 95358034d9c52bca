/** Processes by declaration: state with its policies and versions, pages, web sockets, calls, and what fails. */
import { expect, test } from "bun:test";
import { defineApi, list, method, Refusal, result, string, u64 } from "../api/index.ts";
import { Response } from "../http/index.ts";
import { stopServing } from "../index.ts";
import { loadProgram, TestHttpServer, TestNode, useHost } from "../testing/index.ts";
import { defineProcess, handler, type ProcessParts, type SavePolicy } from "./index.ts";

const ME = "notes:test:sys";

interface Notes {
  notes: string[];
}

function notesSchema(value: unknown): Notes {
  const { notes } = value as Notes;
  if (!Array.isArray(notes)) throw new Error("notes is no list");
  return { notes: notes.map(String) };
}

const notesApi = defineApi({
  find: method([string], list(string)),
  rename: method([string, string], null),
  drop: method([u64], result(string, string)),
});

/** The declaration that the specification prints, with every part. */
function parts(more: Partial<ProcessParts<Notes>> = {}): ProcessParts<Notes> {
  return {
    state: { schema: notesSchema, initial: () => ({ notes: [] }) },
    http: {
      "GET /notes": (_request, state) => Response.json(state.notes),
      "POST /notes": async (request, state) => {
        state.notes.push(await request.text());
        return new Response(null, { status: 201 });
      },
      "/open/:id": {
        authenticated: false,
        handle: (request, state) => {
          if (request.kinode.params["id"] === "bad") throw new Error("secret");
          return new Response(
            `${request.method} ${state.notes[Number(request.kinode.params["id"])]}`,
          );
        },
      },
    },
    ws: {
      "/live": {
        open: (channel, state) => channel.send(state.notes),
        message: (_channel, frame, state, { server }) => {
          state.notes.push(frame.text());
          return server.broadcast("/live", { count: state.notes.length });
        },
        close: (_channel, state) => void state.notes.push("closed"),
      },
    },
    local: {
      addNote: handler(string, u64, (text, state: Notes) => state.notes.push(text)),
      clear: handler(null, null, (state: Notes) => void (state.notes.length = 0)),
      count: handler(null, u64, (state: Notes, { message }) =>
        message.source.process === "tester" ? state.notes.length : -1,
      ),
      replace: handler(notesSchema, notesSchema, (notes, _state: Notes, context) => {
        context.state = notes;
        return context.state;
      }),
      fail: handler(null, null, (state: Notes) => {
        state.notes.push("before it failed");
        throw new Error("secret");
      }),
      refuse: handler(null, null, () => {
        throw new Refusal("not today");
      }),
      lie: handler(null, u64, () => "text" as unknown as number),
      find: handler(notesApi.methods.find, (part, state: Notes) =>
        state.notes.filter((note) => note.includes(part)),
      ),
      rename: handler(notesApi.methods.rename, (from, to, state: Notes) => {
        state.notes = state.notes.map((note) => (note === from ? to : note));
      }),
    },
    remote: {
      syncFrom: handler(notesSchema, null, ({ notes }, state: Notes) => {
        state.notes.push(...notes);
      }),
    },
    init: async ({ homepage, our, state }) => {
      await homepage.add({ label: `${our.process} ${state.notes.length}`, path: "/" });
    },
    ...more,
  };
}

// @ts-expect-error -- a handler of another state does not fit
parts({ local: { bad: handler(string, null, (_text, _state: { other: number }) => {}) } });

interface Started {
  readonly node: TestNode;
  readonly http: TestHttpServer;
  readonly homepage: unknown[];
  ask(body: unknown, from?: string): Promise<unknown>;
  fetch(
    path: string,
    init?: { method?: string; body?: string },
  ): Promise<{ status: number; text: string }>;
  stored(): unknown;
}

async function start<S>(declared: ProcessParts<S>, state?: string): Promise<Started> {
  const node = new TestNode();
  const http = new TestHttpServer(node);
  const homepage: unknown[] = [];
  node.addModule("homepage:homepage:sys", ({ value }) => void homepage.push(value));
  if (state !== undefined) node.states.set(ME, new TextEncoder().encode(state));
  node.start(ME, (host) => {
    useHost(host);
    host.main(defineProcess(declared).init);
  });
  await node.settle();
  return {
    node,
    http,
    homepage,
    async ask(body, from) {
      const answer = node.ask(ME, JSON.stringify(body), from === undefined ? {} : { from });
      await node.settle();
      return JSON.parse((await answer).body) as unknown;
    },
    async fetch(path, init = {}) {
      const answer = http.fetch(`/${ME}${path}`, init);
      await node.settle();
      return await answer;
    },
    stored() {
      const bytes = node.states.get(ME);
      return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as unknown);
    },
  };
}

test("[P25] 25.11 pages, web sockets, calls and init share one state, which is kept when it changes", async () => {
  const { ask, fetch, http, homepage, node, stored } = await start(parts());
  expect(homepage).toEqual([{ Add: { label: "notes 0", icon: null, path: "/", widget: null } }]);
  expect(await ask({ AddNote: "milk" })).toEqual({ AddNote: 1 });
  expect(stored()).toEqual({ notes: ["milk"] });
  expect((await fetch("/notes", { method: "POST", body: "bread" })).status).toBe(201);
  expect(stored()).toEqual({ notes: ["milk", "bread"] });
  expect((await fetch("/notes")).text).toBe('["milk","bread"]');
  expect((await fetch("/open/1", { method: "PUT" })).text).toBe("PUT bread");
  const socket = http.connect(`/${ME}/live`);
  socket.send("eggs");
  socket.close();
  await node.settle();
  expect(socket.received).toEqual(['["milk","bread"]', '{"count":3}']);
  expect(stored()).toEqual({ notes: ["milk", "bread", "eggs", "closed"] });
  expect(await ask("Count")).toEqual({ Count: 4 });
  expect(await ask({ Find: "e" })).toEqual({ Find: ["bread", "eggs", "closed"] });
  expect(await ask({ Rename: ["eggs", "an egg"] })).toBe("Rename");
  expect(await ask({ Replace: { notes: ["x"] } })).toEqual({ Replace: { notes: ["x"] } });
  expect(await ask("Clear")).toBe("Clear");
  expect(stored()).toEqual({ notes: [] });
});

test("[P25] 25.11 local calls are for this node, remote ones for others", async () => {
  const { ask, node, stored } = await start(parts());
  const sync = { SyncFrom: { notes: ["theirs"] } };
  expect(await ask(sync)).toEqual({ Err: expect.stringContaining('"SyncFrom" is no call') });
  node.tell(ME, JSON.stringify({ AddNote: "from afar" }), { from: "far.os@a:b:c" });
  node.tell(ME, JSON.stringify(sync), { from: "far.os@a:b:c" });
  await node.settle();
  expect(stored()).toEqual({ notes: ["theirs"] });
});

test("[P25] 25.11 callers made by defineApi fit the handlers, refusals and results included", async () => {
  const { node } = await start(
    parts({
      local: {
        find: handler(notesApi.methods.find, (part) => [`${part}!`]),
        rename: handler(notesApi.methods.rename, () => {
          throw new Refusal("no");
        }),
        drop: handler(notesApi.methods.drop, (id) => {
          if (id === 1) throw new Refusal("it is pinned");
          return "gone";
        }),
      },
    }),
  );
  const seen: unknown[] = [];
  // The library's own state is per bundle: here the caller is another one.
  const caller = await loadProgram(`${import.meta.dir}/../../test/notes-caller.ts`);
  node.start("caller:test:sys", caller);
  node.addModule("collector:test:sys", ({ value }) => void seen.push(value));
  await node.settle();
  expect(seen).toEqual([["a!"], "Refused: no", "Refused: it is pinned", "gone"]);
});

test("what does not fit is refused with the reason, a failure without, and the state is kept either way", async () => {
  const { ask, fetch, node, stored } = await start(parts());
  expect(await ask({ AddNote: 7 })).toEqual({
    Err: '"addNote": The data does not fit: expected a text, found 7',
  });
  expect(await ask({ Replace: {} })).toMatchObject({ Err: expect.stringContaining("no list") });
  for (const body of ["Nothing", {}, [], null, 5, { AddNote: "a", Clear: null }]) {
    expect(await ask(body)).toMatchObject({
      Err: expect.stringContaining("is no call of this process: there are AddNote, Clear"),
    });
  }
  expect(stored()).toEqual({ notes: [] });
  expect(await ask("Fail")).toEqual({ Err: "internal error" });
  expect(node.lines.at(-1)!.text).toBe('The handler of "fail" failed: secret');
  expect(stored()).toEqual({ notes: ["before it failed"] });
  expect(await ask("Refuse")).toEqual({ Err: "not today" });
  expect((await fetch("/open/bad")).status).toBe(500);
  const refused = await fetch("/notes", { method: "DELETE" });
  expect(refused).toMatchObject({ status: 405, headers: { allow: "GET, POST" } });
  expect((await fetch("/notes", { method: "HEAD" })).status).toBe(200);
  expect(node.isRunning(ME)).toBe(true);
});

test("a value that is not what the handler promised is an error of the process, not of the caller", async () => {
  const { node } = await start(parts());
  void node.ask(ME, '"Lie"');
  await node.advance(6_000);
  expect(node.lines.map(({ text }) => text).join("\n")).toContain("lie: expected an integer");
});

const counting = (save: SavePolicy): ProcessParts<{ count: number }> => ({
  state: { schema: (value) => value as { count: number }, initial: () => ({ count: 0 }), save },
  local: {
    add: handler(null, null, (state: { count: number }) => void state.count++),
    look: handler(null, u64, (state: { count: number }) => state.count),
    keep: handler(null, null, (_state: { count: number }, context) => context.save()),
    end: handler(null, null, () => stopServing()),
  },
});

test("[P25] 25.11 the state is saved on a difference, never, for every message, every N messages, every N seconds", async () => {
  /** What is stored after each step, and how often it was written. */
  const trace = async (save: SavePolicy, steps: readonly (string | number)[]) => {
    const { node, ask, stored } = await start(counting(save));
    let writes = 0;
    const set = node.states.set.bind(node.states);
    node.states.set = (...args) => (writes++, set(...args));
    const seen: unknown[] = [];
    for (const step of steps) {
      if (typeof step === "number") await node.advance(step);
      else await ask(step);
      seen.push((stored() as { count: number } | undefined)?.count);
    }
    return { seen, writes };
  };
  expect(await trace("onDiff", ["Add", "Look", "Add", "End"])).toEqual({
    seen: [1, 1, 2, 2],
    writes: 2,
  });
  expect(await trace("never", ["Add", "Add", "Keep", "Add", "End"])).toEqual({
    seen: [undefined, undefined, 2, 2, 2],
    writes: 1,
  });
  expect(await trace("everyMessage", ["Add", "Look"])).toEqual({ seen: [1, 1], writes: 2 });
  // The end of `init` counts as the first.
  expect(await trace({ everyMessages: 3 }, ["Add", "Add", "Add", "Look", "Add", "End"])).toEqual({
    seen: [undefined, 2, 2, 2, 4, 4],
    writes: 2,
  });
  expect(
    await trace({ everySeconds: 2 }, [
      "Add",
      1_000,
      "Add",
      1_500,
      5_000,
      "Look",
      5_000,
      "Add",
      "End",
    ]),
  ).toEqual({ seen: [undefined, undefined, undefined, 2, 2, 2, 2, 2, 3], writes: 2 });
});

test("[P25] 25.11 a stored state of an older version is migrated and checked; a newer or wrong one is left alone", async () => {
  const versioned = (version: number, migrate?: (old: unknown, version: number) => Notes) =>
    parts({
      state: {
        schema: notesSchema,
        initial: () => ({ notes: ["new"] }),
        version,
        ...(migrate === undefined ? {} : { migrate }),
      },
    });
  const first = await start(versioned(2));
  expect(first.stored()).toEqual({ stateVersion: 2, state: { notes: ["new"] } });
  const migrations: unknown[] = [];
  const migrate = (old: unknown, version: number): Notes => {
    migrations.push([old, version]);
    return { notes: [JSON.stringify(old)] };
  };
  const unversioned = await start(versioned(2, migrate), '["plain"]');
  expect(unversioned.stored()).toEqual({ stateVersion: 2, state: { notes: ['["plain"]'] } });
  await start(versioned(3, migrate), '{"stateVersion":2,"state":{"list":1}}');
  const same = await start(versioned(3, migrate), '{"stateVersion":3,"state":{"notes":["kept"]}}');
  expect(same.stored()).toEqual({ stateVersion: 3, state: { notes: ["kept"] } });
  expect(migrations).toEqual([
    [["plain"], 0],
    [{ list: 1 }, 2],
  ]);
  // Without versions, `migrate` is for what the schema refuses.
  const old = await start(versioned(0, migrate), '{"list":2}');
  expect(old.stored()).toEqual({ notes: ['{"list":2}'] });

  const wrong: readonly [string, ProcessParts<Notes>, string][] = [
    ['{"stateVersion":9,"state":{"notes":[]}}', versioned(3, migrate), "NewerState"],
    ['{"stateVersion":1,"state":{"notes":[]}}', versioned(0), "NewerState"],
    ['{"list":1}', versioned(0), "StateMismatch"],
    ['{"list":1}', versioned(1), "StateMismatch"],
    ['{"list":1}', versioned(1, () => ({}) as Notes), "StateMismatch"],
    ["{", versioned(0, migrate), "UnreadableState"],
  ];
  for (const [state, declared, code] of wrong) {
    const { node } = await start(declared, state);
    expect(node.endings.get(ME)).toMatchObject({ name: "StateError", code });
    expect(new TextDecoder().decode(node.states.get(ME))).toBe(state);
  }
});

test("a process without state, pages or calls is one too", async () => {
  const { ask, node } = await start({
    init: (context) => expect(context.state).toBe(undefined as never),
  });
  expect(await ask("Anything")).toEqual({
    Err: '"Anything" is no call of this process: this process takes no calls',
  });
  expect(node.isRunning(ME)).toBe(true);
});

test("a declaration that makes no sense is refused when it is made", () => {
  const page = () => new Response("");
  const state = { schema: (value: unknown) => value, initial: () => 1 };
  expect(() => defineProcess({ http: { "get /x": page } })).toThrow('"get /x" is no route');
  expect(() => defineProcess({ http: { notes: page } })).toThrow('"notes" is no route');
  expect(() =>
    defineProcess({ http: { "GET /x": page, "POST /x": { handle: page, localOnly: true } } }),
  ).toThrow("different options");
  expect(() => defineProcess({ state: { ...state, version: 1.5 } })).toThrow("1.5");
  expect(() => defineProcess({ state: { ...state, save: { everyMessages: 0 } } })).toThrow(
    "every 0: give a whole number of messages",
  );
  expect(() => defineProcess({ state: { ...state, save: { everySeconds: NaN } } })).toThrow(
    "number of seconds",
  );
});

test("a failing init or binding ends the process with its error", async () => {
  const { node } = await start({
    init: () => {
      throw new Error("no database");
    },
  });
  expect(node.endings.get(ME)).toMatchObject({ message: "no database" });
});
