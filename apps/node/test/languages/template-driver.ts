/**
 * Drives the package of a language template through a real node, as a person and the terminal would, and checks every
 * line of the contract in packages/kit/languages/README.md. Works in tests and in programs: what is wrong is thrown.
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assemblePackage, readPackage } from "@kinode-ts/kit";
import type {
  ControlAnswer,
  ControlApp,
  ControlInspection,
  ControlProcess,
} from "@kinode-ts/types";
import { type DetachedNode, startDetached } from "../detached-node.ts";

/** How long a process may take from its start to its first answer; a language with its own engine in it needs seconds. */
const READY_MS = 30_000;
const ASK_SECONDS = 10;
/** Beyond ASCII, and with everything that JSON escapes. */
const TEXTS = ["first line", 'zwölf "Zeilen"\\ für €5 \u{1F600}', "tab\tand\u0001control"] as const;

export interface TemplateDrive {
  /** The language as the page names it, e.g. `Go`. */
  readonly label: string;
  /** The package's zip, or a folder that is built and packed without being changed. */
  readonly source: Uint8Array | string;
  /** Arguments for `kinode start`. */
  readonly nodeArgs?: readonly string[];
}

export interface DriveReport {
  /** Package id. */
  readonly id: string;
  /** From the request to install until the first answer, milliseconds. */
  readonly firstAnswerMs: number;
  /** What `ps` says of the process after all requests. */
  readonly memoryBytes: number;
  readonly cpuMs: number;
}

/** One running node with the package in it. */
interface Session {
  readonly node: DetachedNode;
  readonly id: string;
  readonly label: string;
}

const processOf = (id: string): string => `counter:${id}`;

async function send(session: Session, body: string, timeout: number | null = ASK_SECONDS) {
  return await session.node.post<ControlAnswer>("send", {
    target: `our@${processOf(session.id)}`,
    body,
    timeout,
  });
}

/** What the process answered, as JSON. */
async function ask(session: Session, body: unknown): Promise<unknown> {
  const answer = await send(session, JSON.stringify(body));
  if (answer.kind !== "response") {
    throw new Error(
      `${session.label}: no answer to ${JSON.stringify(body)} (${JSON.stringify(answer)}). The node printed:\n${session.node.output()}`,
    );
  }
  try {
    return JSON.parse(answer.body) as unknown;
  } catch {
    throw new Error(
      `${session.label}: the answer to ${JSON.stringify(body)} is no JSON: ${answer.body}`,
    );
  }
}

/** A just started process may not be there yet: a request that fails is sent again. */
async function untilReady(session: Session): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const answer = await send(session, '"Recall"', 5);
    if (answer.kind === "response") return;
    if (performance.now() > deadline) {
      throw new Error(
        `${session.label}: never answered. The node printed:\n${session.node.output()}`,
      );
    }
    await Bun.sleep(50);
  }
}

async function checkCount(session: Session): Promise<void> {
  deepStrictEqual(await ask(session, "Count"), { Count: 1 });
  deepStrictEqual(await ask(session, "Count"), { Count: 2 });
  // Counted, and nobody is told.
  deepStrictEqual(await send(session, '"Count"', null), { kind: "sent" });
  deepStrictEqual(await ask(session, "Count"), { Count: 4 });
}

async function checkNotes(session: Session): Promise<void> {
  deepStrictEqual(await ask(session, "Recall"), { Recalled: "" });
  let whole = "";
  for (const text of TEXTS) {
    whole += `${text}\n`;
    const size = Buffer.byteLength(whole);
    deepStrictEqual(await ask(session, { Remember: text }), { Remembered: size });
  }
  deepStrictEqual(await ask(session, "Recall"), { Recalled: whole });
  const file = join(session.node.home, "vfs", session.id, "notes/notes.txt");
  ok(existsSync(file), `${session.label}: the notes are not in /${session.id}/notes/notes.txt`);
  strictEqual(readFileSync(file, "utf8"), whole);
}

/** Several at once: each answer must find its own question and its own asker. */
async function checkChild(session: Session): Promise<void> {
  const questions = ["what is it?", 'again, "quoted"', "third"];
  const answers = await Promise.all(questions.map((text) => ask(session, { Ask: text })));
  deepStrictEqual(
    answers,
    questions.map((question) => ({ Answer: { question, answer: question.toUpperCase() } })),
  );
  const processes = await session.node.get<ControlProcess[]>("processes");
  const worker = processes.find((each) => each.id === `counter-worker:${session.id}`);
  ok(worker !== undefined, `${session.label}: there is no process counter-worker:${session.id}`);
  strictEqual(worker.onExit, "none");
  strictEqual(worker.public, false);
}

/** Bad input is answered, and the process lives on. */
async function checkBadInput(session: Session): Promise<void> {
  const bad = [
    '"Nothing"',
    '{"Remember":5}',
    '{"Ask":null}',
    "[1,2",
    "",
    "{}",
    "\u0000",
    "[".repeat(10_000),
  ];
  for (const body of bad) {
    const answer = await send(session, body);
    const shown = JSON.stringify(body.slice(0, 20));
    if (answer.kind !== "response") throw new Error(`${session.label}: no answer to ${shown}`);
    const value = JSON.parse(answer.body) as { Error?: unknown };
    deepStrictEqual(
      Object.keys(value),
      ["Error"],
      `${session.label}: answered ${answer.body} to ${shown}`,
    );
    ok(
      typeof value.Error === "string" && value.Error.length > 0,
      `${session.label}: an empty error`,
    );
  }
}

/** With the person's cookie; as soon as the process has bound it. */
async function fetchPage({ node, id }: Session): Promise<Response> {
  const { url } = await node.post<{ url: string }>("login-link");
  const cookie = (await fetch(url, { redirect: "manual" })).headers.get("set-cookie") ?? "";
  const headers = { cookie: cookie.split(";")[0] ?? "" };
  for (const deadline = performance.now() + READY_MS; ; await Bun.sleep(20)) {
    const answer = await fetch(`${node.url}/${processOf(id)}/`, { headers });
    if (answer.status === 200 || performance.now() > deadline) return answer;
    await answer.body?.cancel();
  }
}

async function checkPage(session: Session, count: number): Promise<void> {
  const { node, id, label } = session;
  const answer = await fetchPage(session);
  strictEqual(answer.status, 200);
  strictEqual(answer.headers.get("content-type")?.toLowerCase(), "text/html; charset=utf-8");
  const text = await answer.text();
  ok(text.includes(`Hello from ${label}`), `the page does not greet from ${label}: ${text}`);
  match(text, new RegExp(`\\b${count}\\b`), `the page does not show the count ${count}`);
  const stranger = await (await fetch(`${node.url}/${processOf(id)}/`)).text();
  ok(!stranger.includes(`Hello from ${label}`), "the page is shown without a login");
  const apps = await node.get<ControlApp[]>("apps");
  strictEqual(apps.find((app) => app.id === id)?.path, `/${processOf(id)}/`);
}

async function install(node: DetachedNode, zip: Uint8Array): Promise<void> {
  const { hash } = await node.post<ControlInspection>("packages/inspect", zip);
  await node.post(`packages/install?hash=${hash}`, { denied: [] });
}

async function drive(home: string, zip: Uint8Array, options: TemplateDrive): Promise<DriveReport> {
  const { id } = await readPackage(zip);
  let node = await startDetached(home, options.nodeArgs);
  try {
    const session = { node, id, label: options.label };
    const startedMs = performance.now();
    await install(node, zip);
    await untilReady(session);
    const firstAnswerMs = performance.now() - startedMs;
    await checkCount(session);
    await checkNotes(session);
    await checkChild(session);
    await checkBadInput(session);
    await checkPage(session, 4);
    const processes = await node.get<ControlProcess[]>("processes");
    const own = processes.find((each) => each.id === processOf(id));

    await node.killHard();
    node = await startDetached(home, options.nodeArgs);
    const again = { ...session, node };
    await untilReady(again);
    deepStrictEqual(await ask(again, "Count"), { Count: 5 });
    deepStrictEqual(await ask(again, "Recall"), {
      Recalled: TEXTS.map((text) => `${text}\n`).join(""),
    });
    await checkChild(again);
    await checkPage(again, 5);
    return { id, firstAnswerMs, memoryBytes: own?.memoryBytes ?? 0, cpuMs: own?.cpuMs ?? 0 };
  } finally {
    await node.killHard();
  }
}

/**
 * Installs the package in a node of its own, sends all requests of the contract, fetches the page, kills the node,
 * starts it again and looks whether everything is as it was. Takes 2–5 s.
 * @throws {Error} at the first thing that is not as the contract says, with what was seen
 */
export async function driveTemplate(options: TemplateDrive): Promise<DriveReport> {
  const home = mkdtempSync(join(tmpdir(), "kinode-template-"));
  try {
    const zip =
      typeof options.source === "string"
        ? (await assemblePackage(options.source)).zip
        : options.source;
    return await drive(home, zip, options);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
