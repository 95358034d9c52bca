/** The C library's JSON, which C++ uses too, beside the engine's: generated and broken texts, through the templates. */
import { expect, test } from "bun:test";
import { createProject } from "@kinode-ts/kit";
import { createSeededRandom } from "@kinode-ts/testing";
import { startTestNode, type TestNode } from "../../testing/index.ts";
import { withPrebuilt } from "./prebuilt-package.ts";

const CASES = 600;
const COUNTER = "counter:my-app:example.os";
/** Deeper nesting is no JSON to the library: its reader must not exhaust the stack. */
const DEEPEST = 100;

type Pick = (below: number) => number;

function createPick(seed: number): Pick {
  const random = createSeededRandom(seed);
  return (below) => new DataView(random.bytes(4).slice().buffer).getUint32(0) % below;
}

const CHARACTERS = [
  "a",
  "Z",
  "0",
  " ",
  '"',
  "\\",
  "/",
  "\n",
  "\t",
  "\u0001",
  "ü",
  "€",
  "\u{1F600}",
  "\u2028",
  "\uFFFF",
];

const randomText = (pick: Pick): string =>
  Array.from({ length: pick(12) }, () => CHARACTERS[pick(CHARACTERS.length)]!).join("");

/** A JSON string with characters written in any way that is allowed. */
function writeString(text: string, pick: Pick): string {
  const unit = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;
  const written = [...text].map((character) =>
    pick(4) === 0
      ? Array.from({ length: character.length }, (_, at) => unit(character.charCodeAt(at))).join("")
      : JSON.stringify(character).slice(1, -1),
  );
  return `"${written.join("")}"`;
}

function randomValue(pick: Pick, depth: number): string {
  const space = [" ", "", "\n", "\t\r "][pick(4)]!;
  const many = (write: () => string): string =>
    Array.from({ length: pick(4) }, write).join(`${space},${space}`);
  switch (pick(depth > 3 ? 5 : 7)) {
    case 0:
      return ["true", "false", "null"][pick(3)]!;
    case 1:
      return ["0", "-1", "12.5", "1e9", "-0.1E-2", "18446744073709551616"][pick(6)]!;
    case 2:
      return writeString(randomText(pick), pick);
    case 3:
      return writeString("Count", pick);
    case 4:
      return `{${space}"Ask"${space}:${space}${writeString(randomText(pick), pick)}${space}}`;
    case 5:
      return `[${space}${many(() => randomValue(pick, depth + 1))}${space}]`;
    default: {
      let key = 0;
      return `{${many(() => `"k${key++}":${randomValue(pick, depth + 1)}`)}}`;
    }
  }
}

/** Takes a character out, puts one in, or cuts the text off. */
function damage(text: string, pick: Pick): string {
  const at = pick(text.length + 1);
  const pieces = [
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "0",
    "-",
    ".",
    "e",
    "\\u12",
    "\u0000",
    "x",
  ];
  switch (pick(3)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + pieces[pick(pieces.length)]! + text.slice(at);
    default:
      return text.slice(0, at);
  }
}

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0;

function parse(text: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(new TextEncoder().encode(text)));
  } catch {
    return undefined;
  }
}

/** What the template answers to this body, or the key of it. */
function expected(text: string): unknown {
  const value = parse(text);
  if (depthOf(value) > DEEPEST) return "Error";
  if (value === "Count" || value === "Recall") return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "Error";
  const { Ask } = value as { Ask?: unknown };
  if (typeof Ask !== "string") return "Error";
  const question = Ask.toWellFormed();
  const answer = question.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
  return { Answer: { question, answer } };
}

async function check(node: TestNode, text: string): Promise<void> {
  const wanted = expected(text);
  const { body } = await node.ask(COUNTER, text);
  if (typeof wanted === "string") {
    expect({ text, keys: Object.keys(body as object) }).toEqual({
      text,
      keys: wanted === "Recall" ? ["Recalled"] : [wanted],
    });
  } else {
    expect({ text, body }).toEqual({ text, body: wanted });
  }
}

for (const language of ["c", "cpp"] as const) {
  test(`${language} reads JSON as the engine does, broken texts too`, async () => {
    await using node = await startTestNode();
    const make = (folder: string) => createProject({ folder, language, publisher: "example.os" });
    await withPrebuilt(language, make, (folder) => node.install(folder));
    const pick = createPick(4);
    for (let at = 0; at < CASES; at += 1) {
      const whole = randomValue(pick, 0);
      await check(node, at % 2 === 0 ? whole : damage(whole, pick));
    }
    for (const text of [
      '{"Ask":"\\ud83d"}',
      '{"Ask":"\\ude00\\ud83d\\ude00"}',
      '{"Ask":"\\u0000"}',
    ]) {
      await check(node, text);
    }
    const nested = (depth: number): string =>
      `{"k":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)},"Ask":"deep"}`;
    await check(node, nested(DEEPEST));
    await check(node, nested(DEEPEST + 1));
    expect(Object.keys((await node.ask(COUNTER, nested(100_000))).body as object)).toEqual([
      "Error",
    ]);
  }, 120_000);
}
