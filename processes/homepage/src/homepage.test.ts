import { beforeAll, expect, test } from "bun:test";
import type { TestHttpResponse, TestProgram } from "@kinode-ts/stdlib/testing";
import { createTestVfs, loadProgram, TestHttpServer, TestNode } from "@kinode-ts/stdlib/testing";

const HOMEPAGE = "homepage:homepage:sys";
const APP = "notes:notes:alice.os";
let program: TestProgram;

beforeAll(async () => {
  program = await loadProgram(`${import.meta.dir}/homepage.ts`);
});

async function startNode() {
  const node = new TestNode();
  const vfs = createTestVfs();
  const http = new TestHttpServer(node);
  node.addModule("vfs:distro:sys", vfs.module);
  vfs.put("homepage:sys/pkg/ui/index.html", "<p>page</p>");
  vfs.put("homepage:sys/pkg/ui/assets/app.js", "run()");
  vfs.put("homepage:sys/pkg/kinode.css", "packaged");
  node.start(HOMEPAGE, program);
  await node.settle();
  const wait = async <T>(pending: Promise<T>): Promise<T> => {
    await node.settle();
    return await pending;
  };
  const get = (path: string): Promise<TestHttpResponse> => wait(http.fetch(path));
  const post = (path: string, body: object): Promise<TestHttpResponse> =>
    wait(http.fetch(path, { method: "POST", body }));
  return { node, vfs, http, get, post };
}

const ADD = { label: "Notes", icon: "data:image/png;base64,AA==", path: "/", widget: null };

test("[P14.2] the site root and its assets are the interface, with login", async () => {
  const { get, http } = await startNode();
  expect(await get("/")).toMatchObject({ status: 200, text: "<p>page</p>" });
  expect((await get("/")).headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(await get("/assets/app.js")).toMatchObject({ text: "run()" });
  const open = http.routes.filter(({ authenticated }) => !authenticated).map(({ route }) => route);
  expect(open.sort()).toEqual([
    "/amionline",
    "/bird-orange.svg",
    "/bird-plain.svg",
    "/kinode.css",
    "/kinode.svg",
    "/our",
    "/our.js",
  ]);
});

test("[P14.2] pages learn the name of the node without login", async () => {
  const { get } = await startNode();
  expect((await get("/our")).text).toBe("test.os");
  expect((await get("/our.js")).text).toContain('window.our.node = "test.os"');
  expect((await get("/amionline")).text).toBe("yes");
  expect((await get("/kinode.css")).text).toBe("packaged");
});

test("[P14.1] a process sets and removes its own entry", async () => {
  const { node, get } = await startNode();
  node.tell(HOMEPAGE, { Add: ADD }, { from: APP });
  const apps = JSON.parse((await get("/apps")).text);
  expect(apps.find((app: { id: string }) => app.id === APP)).toEqual({
    id: APP,
    process: "notes",
    package_name: "notes",
    publisher: "alice.os",
    path: `/${APP}/`,
    label: "Notes",
    base64_icon: ADD.icon,
    widget: null,
    order: 1,
    favorite: false,
  });
  const asked = node.ask(HOMEPAGE, '"GetApps"', { from: APP });
  await node.settle();
  expect(JSON.parse((await asked).body)).toEqual({ GetApps: apps });
  node.tell(HOMEPAGE, '"Remove"', { from: APP });
  expect((await get("/apps")).text).not.toContain(APP);
});

test("[P14.1] other entries and the stylesheet need the capability for it", async () => {
  const { node, vfs, get } = await startNode();
  node.tell(HOMEPAGE, { Add: ADD }, { from: APP });
  const send = async (body: object, rights: readonly string[]): Promise<void> => {
    const capabilities = rights.map((right) => ({
      issuer: `test.os@${HOMEPAGE}`,
      params: JSON.stringify(right),
    }));
    node.route({
      id: node.freshId(),
      source: "test.os@other:other:sys",
      target: `test.os@${HOMEPAGE}`,
      rsvp: undefined,
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: new TextEncoder().encode(JSON.stringify(body)),
      metadata: undefined,
      capabilities,
      blob: undefined,
    });
    await node.settle();
  };
  await send({ RemoveOther: APP }, ["SetStylesheet"]);
  expect((await get("/apps")).text).toContain(APP);
  await send({ RemoveOther: APP }, ["RemoveOther"]);
  expect((await get("/apps")).text).not.toContain(APP);
  await send({ SetStylesheet: "mine" }, []);
  expect((await get("/kinode.css")).text).toBe("packaged");
  await send({ SetStylesheet: "mine" }, ["SetStylesheet"]);
  expect((await get("/kinode.css")).text).toBe("mine");
  const stored = vfs.files.get("homepage:sys/pkg/persisted-kinode.css");
  expect(new TextDecoder().decode(stored)).toBe("mine");
});

test("[P14.2] order and favourites are kept over a restart", async () => {
  const { node, get, post } = await startNode();
  const add = (): void => node.tell(HOMEPAGE, { Add: ADD }, { from: APP });
  add();
  expect((await post("/favorite", [APP, true])).status).toBe(200);
  expect(
    (
      await post("/order", [
        [APP, 0],
        [HOMEPAGE, 7],
      ])
    ).status,
  ).toBe(200);
  node.kill(HOMEPAGE);
  node.start(HOMEPAGE, program);
  await node.settle();
  add();
  const apps = JSON.parse((await get("/apps")).text);
  expect(
    apps.map((app: { id: string; order: number; favorite: boolean }) => [
      app.id,
      app.order,
      app.favorite,
    ]),
  ).toEqual([
    [APP, 0, true],
    [HOMEPAGE, 7, false],
  ]);
});

test("[P14.2] [P26] row 9: the version is there at once, and readiness says what is missing", async () => {
  const { node, get, vfs } = await startNode();
  expect(await get("/version")).toMatchObject({ status: 200, text: '"0.1.0"' });
  expect(JSON.parse((await get("/ready")).text)).toEqual({ ready: true, pending: [] });
  vfs.files.delete("homepage:sys/pkg/kinode.css");
  node.kill(HOMEPAGE);
  node.start(HOMEPAGE, program);
  await node.settle();
  expect(JSON.parse((await get("/ready")).text)).toEqual({ ready: false, pending: ["stylesheet"] });
});

test("bad requests are answered with what was expected", async () => {
  const { node, post, get } = await startNode();
  expect(await post("/favorite", { no: 1 })).toMatchObject({ status: 400 });
  expect((await post("/order", [[APP, "x"]])).text).toContain(
    'expected [[\\"process id\\", number], …]',
  );
  expect((await post("/apps", {})).status).toBe(405);
  node.tell(HOMEPAGE, { Add: { label: 5 } }, { from: APP });
  expect((await get("/apps")).text).not.toContain(APP);
  expect(node.lines.at(-1)!.text).toContain('"label" is not a text');
});
