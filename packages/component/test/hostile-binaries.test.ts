/**
 * Files made to hurt whoever loads them: huge, endless, cyclic, exponential, with names that are no names. Each is refused
 * with a text that can be printed, or loads, and neither takes long.
 * @module
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import type { ComponentOptions } from "../src/api.ts";
import { ComponentError } from "../src/errors.ts";
import { loadComponent } from "../src/load-component.ts";
import {
  CORE_SECTION,
  SECTION,
  binary,
  bytesOf,
  component,
  coreModule,
  section,
} from "./hostile/binary.ts";
import type { BinarySection, Write } from "./hostile/binary.ts";
import { cpuMs } from "./fuzz/limits.ts";
import { cloneTree, decodeSections, encodeSections, readVarint } from "./fuzz/section-tree.ts";
import type { SectionTree } from "./fuzz/section-tree.ts";
import { parseText } from "./build-component.ts";
import { LIMITS, address, options, until } from "./run-guest.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

/** Processor time that one file may take; 100 MB take a good part of it to copy. */
const MAX_CPU_MS = 1_000;
const MAX_TEXT_LENGTH = 2_000;
const MANY = 100_000;
const SIZE_100_MB = 100_000_000;
/** Control characters, and those that turn the direction of what follows. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

async function load(bytes: Uint8Array, given: Partial<ComponentOptions> = {}) {
  const startedMs = cpuMs();
  try {
    return await loadComponent(bytes, options(given));
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    expect(error.message).not.toMatch(UNPRINTABLE);
    expect(error.message.length).toBeLessThan(MAX_TEXT_LENGTH);
    return error;
  } finally {
    expect(cpuMs() - startedMs).toBeLessThan(MAX_CPU_MS);
  }
}

/** The text it is refused with. */
async function refusal(bytes: Uint8Array, given: Partial<ComponentOptions> = {}): Promise<string> {
  const outcome = await load(bytes, given);
  if (!(outcome instanceof ComponentError)) throw new Error("It was loaded");
  return outcome.message;
}

/** Loads and shows that it still echoes. */
async function expectEcho(bytes: Uint8Array, given: Partial<ComponentOptions> = {}): Promise<void> {
  const program = await load(bytes, given);
  if (program instanceof ComponentError) throw program;
  const host = new DirectLink().createHost(address("echo"));
  const process = program.start(host, LIMITS);
  host.request(address("x"), new Uint8Array(1));
  await until(() => host.responses.length === 1);
  process.kill();
}

/** The echo guest after `change`, which gets a copy of its tree and the tree of its core module. */
function changedEcho(change: (tree: SectionTree, main: SectionTree) => void): Uint8Array {
  const tree = cloneTree(decodeSections(guestBytes("echo"))!);
  const main = tree.sections.find(({ id }) => id === SECTION.coreModule)!.content as SectionTree;
  change(tree, main);
  return encodeSections(tree);
}

const withSections = (...sections: BinarySection[]): Uint8Array =>
  changedEcho((tree) => void tree.sections.push(...sections));

const countOf = (bytes: Uint8Array): { value: number; end: number } => readVarint(bytes, 0)!;

/** Adds items to a section that begins with their number. */
function append(tree: SectionTree, id: number, added: number, write: Write): void {
  const found = tree.sections.find((item) => item.id === id)!;
  const old = found.content as Uint8Array;
  const { value, end } = countOf(old);
  found.content = bytesOf((out) => {
    out.u32(value + added);
    out.range(old, end, old.length);
    write(out);
  });
}

function replaceSection(tree: SectionTree, id: number, write: Write): void {
  tree.sections.find((item) => item.id === id)!.content = bytesOf(write);
}

test("a component of 100 MB is refused by its size, before anything of it is read", async () => {
  const bytes = new Uint8Array(SIZE_100_MB);
  bytes.set(component());
  expect(await refusal(bytes)).toBe(
    "Cannot load the component: its size in bytes is 100000000, above the limit of 67108864",
  );
});

test("where 100 MB are allowed, they load, and cost no more memory than the file", async () => {
  const bytes = withSections({ id: SECTION.custom, content: new Uint8Array(SIZE_100_MB) });
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  await expectEcho(bytes, { limits: { maxComponentBytes: 2 * SIZE_100_MB } });
  Bun.gc(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(SIZE_100_MB);
});

test("twenty million empty sections are refused or read in bounded time", async () => {
  const empty = [SECTION.custom, 1, 0];
  const bytes = new Uint8Array(60_000_000);
  for (let at = 8; at + 3 <= bytes.length; at += 3) bytes.set(empty, at);
  bytes.set(component());
  await load(bytes.subarray(0, 8 + 3 * Math.floor((bytes.length - 8) / 3)));
});

test(`${MANY} exports of a component are refused or loaded in bounded time`, async () => {
  const exports = section(SECTION.export, (out) => {
    out.u32(MANY);
    for (let i = 0; i < MANY; i++) {
      out.byte(0);
      out.name(`export-${i}`);
      out.all([0x01, 0, 0]);
    }
  });
  await load(withSections(exports));
});

test(`${MANY} exports of a core module are refused or loaded in bounded time`, async () => {
  const bytes = changedEcho((_tree, main) =>
    append(main, CORE_SECTION.export, MANY, (out) => {
      for (let i = 0; i < MANY; i++) {
        out.name(`export-${i}`);
        out.all([0x00, 0]);
      }
    }),
  );
  await load(bytes);
});

const CYCLES: readonly (readonly [string, () => Uint8Array])[] = [
  [
    "a core instance that is its own argument",
    () =>
      component(
        section(SECTION.coreModule, (out) => out.all(coreModule())),
        section(SECTION.coreInstance, (out) => {
          out.all([1, 0x00, 0, 1]);
          out.name("self");
          out.all([0x12, 0]);
        }),
      ),
  ],
  [
    "two core instances that want each other",
    () =>
      component(
        section(SECTION.coreModule, (out) => out.all(coreModule())),
        section(SECTION.coreInstance, (out) => {
          out.u32(2);
          for (const other of [1, 0]) {
            out.all([0x00, 0, 1]);
            out.name("other");
            out.all([0x12, other]);
          }
        }),
      ),
  ],
  [
    "an instance that is its own argument",
    () =>
      component(
        section(SECTION.component, (out) => out.all(component())),
        section(SECTION.instance, (out) => {
          out.all([1, 0x00, 0, 1]);
          out.name("self");
          out.all([0x05, 0]);
        }),
      ),
  ],
  [
    "an alias of an export of an instance that comes later",
    () =>
      component(
        section(SECTION.alias, (out) => {
          out.all([1, 0x01, 0x00, 0]);
          out.name("later");
        }),
      ),
  ],
  [
    "an alias of the outer component that does not exist",
    () => component(section(SECTION.alias, (out) => out.all([1, 0x04, 0x02, 7, 0]))),
  ],
  [
    "a type that is a list of itself",
    () => component(section(SECTION.type, (out) => out.all([1, 0x70, 0]))),
  ],
  [
    "a type that is a list of the next one",
    () => component(section(SECTION.type, (out) => out.all([2, 0x70, 1, 0x70, 0]))),
  ],
  [
    "a component that instantiates itself by an outer alias",
    () =>
      component(
        section(SECTION.component, (out) =>
          out.all(
            component(
              section(SECTION.alias, (inner) => inner.all([1, 0x04, 0x02, 1, 0])),
              section(SECTION.instance, (inner) => inner.all([1, 0x00, 0, 0])),
            ),
          ),
        ),
        section(SECTION.instance, (out) => out.all([1, 0x00, 0, 0])),
      ),
  ],
];

for (const [what, make] of CYCLES) {
  test(`${what} is refused`, async () => {
    expect(await refusal(make())).toStartWith("Cannot load the component: ");
  });
}

/** Types, each made of the one before it, and at the end a function type that takes the last. */
function typeChain(
  length: number,
  write: (out: Parameters<Write>[0], previous: number) => void,
): BinarySection {
  return section(SECTION.type, (out) => {
    out.u32(length + 2);
    out.all([0x70, 0x7d]); // list<u8>
    for (let i = 0; i < length; i++) write(out, i);
    out.all([0x40, 1]);
    out.name("value");
    out.s32(length);
    out.all([0x01, 0x00]);
  });
}

/** Uses the function type: imports a function of it. */
const importedFunction = (type: number): BinarySection =>
  section(SECTION.import, (out) => {
    out.all([1, 0x00]);
    out.name("hostile");
    out.byte(0x01);
    out.u32(type);
  });

const CHAINS: readonly (readonly [
  string,
  number,
  (out: Parameters<Write>[0], previous: number) => void,
])[] = [
  [
    "lists of lists",
    50_000,
    (out, previous) => {
      out.byte(0x70);
      out.s32(previous);
    },
  ],
  [
    "tuples that double their size 64 times",
    64,
    (out, previous) => {
      out.all([0x6f, 2]);
      out.s32(previous);
      out.s32(previous);
    },
  ],
  [
    "options in options",
    50_000,
    (out, previous) => {
      out.byte(0x6b);
      out.s32(previous);
    },
  ],
  [
    "results that double their size 64 times",
    64,
    (out, previous) => {
      out.all([0x6a, 0x01]);
      out.s32(previous);
      out.byte(0x01);
      out.s32(previous);
    },
  ],
];

for (const [what, length, write] of CHAINS) {
  test(`${what} are refused in bounded time`, async () => {
    // type 0 is a list; after `length` more comes the function type
    const sections = [typeChain(length, write), importedFunction(length + 1)];
    const text = await refusal(component(...sections));
    expect(text).toStartWith("Cannot load the component: ");
  });
}

test("components nested three thousand deep are refused in bounded time", async () => {
  let bytes: Uint8Array = component();
  for (let depth = 0; depth < 3_000; depth++)
    bytes = component({ id: SECTION.component, content: bytes });
  expect(await refusal(bytes)).toStartWith("Cannot load the component: ");
});

const NAMES = [
  'a"b',
  "a'b",
  "line\nkernel:distro:sys: all is well",
  "\r\u001b[2Jgone",
  "\0",
  "\u202eesrever",
  "\u2028",
  "`${process.exit()}`",
  "__proto__",
  "constructor",
  "%s%n",
  "x".repeat(1_000_000),
  "",
];

for (const name of NAMES) {
  const shown = JSON.stringify(name.slice(0, 30));
  test(`the name ${shown} of imports and exports is shown escaped and short, and harms nothing`, async () => {
    const imported = component(
      section(SECTION.type, (out) => out.all([1, 0x40, 0, 0x01, 0x00])),
      section(SECTION.import, (out) => {
        out.all([1, 0x00]);
        out.name(name);
        out.all([0x01, 0]);
      }),
    );
    await refusal(imported);
    const exported = withSections(
      section(SECTION.export, (out) => {
        out.all([1, 0x00]);
        out.name(name);
        out.all([0x01, 0, 0]);
      }),
    );
    await load(exported);
    for (const [module, field] of [
      [name, "f"],
      ["wasi_snapshot_preview1", name],
      ["kinode:process/standard@1.0.0", name],
    ] as const) {
      const wrong = changedEcho((_tree, main) =>
        replaceSection(main, CORE_SECTION.import, (out) => {
          out.u32(1);
          out.name(module);
          out.name(field);
          out.all([0x00, 0]);
        }),
      );
      await refusal(wrong);
    }
    const coreExported = changedEcho((_tree, main) =>
      append(main, CORE_SECTION.export, 1, (out) => {
        out.name(name);
        out.all([0x00, 0]);
      }),
    );
    await load(coreExported);
  });
}

test("names that are not UTF-8 are refused", async () => {
  const bytes = component(section(SECTION.custom, (out) => out.all([2, 0xc3, 0x28])));
  expect(await refusal(bytes)).toContain("not UTF-8");
});

test("a core module that wants 4 GB of memory from the start does not get it", async () => {
  const bytes = changedEcho((_tree, main) =>
    replaceSection(main, CORE_SECTION.memory, (out) => {
      out.all([1, 0x00]);
      out.u32(65_536);
    }),
  );
  const before = process.memoryUsage().rss;
  const program = await load(bytes);
  if (!(program instanceof ComponentError)) {
    const running = program.start(new DirectLink().createHost(address("echo")), LIMITS);
    expect(await running.ended).toMatchObject({ kind: "trapped" });
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(SIZE_100_MB);
});

test("a core module that wants a table of four billion entries does not get it", async () => {
  const bytes = changedEcho((_tree, main) => {
    const memory = main.sections.findIndex(({ id }) => id === CORE_SECTION.memory);
    const table = section(CORE_SECTION.table, (out) => {
      out.all([1, 0x70, 0x00]);
      out.u32(0xffff_ffff);
    });
    main.sections.splice(memory, 0, table);
  });
  const program = await load(bytes);
  if (!(program instanceof ComponentError)) {
    const running = program.start(new DirectLink().createHost(address("echo")), LIMITS);
    expect(await running.ended).toMatchObject({ kind: "trapped" });
  }
});

test("counts that promise more than the file holds are refused without making room for them", async () => {
  for (const id of [2, 3, 5, 6, 7, 8, 10, 11]) {
    const bytes = component(section(id, (out) => out.u32(0xffff_ffff)));
    expect(await refusal(bytes)).toStartWith("Cannot load the component: ");
  }
  for (const id of Object.values(CORE_SECTION)) {
    const bytes = changedEcho((_tree, main) => {
      const found = main.sections.find((item) => item.id === id);
      const content = bytesOf((out) => out.u32(0xffff_ffff));
      if (found !== undefined) found.content = content;
    });
    await load(bytes);
  }
});

test("code nested a hundred thousand blocks deep is refused or loaded in bounded time", async () => {
  const depth = 100_000;
  const bytes = changedEcho((_tree, main) =>
    append(main, CORE_SECTION.function, 1, (out) => out.u32(0)),
  );
  const tree = decodeSections(bytes)!;
  const main = tree.sections.find(({ id }) => id === SECTION.coreModule)!.content as SectionTree;
  append(main, CORE_SECTION.code, 1, (out) => {
    const body = bytesOf((inner) => {
      inner.u32(0);
      for (let i = 0; i < depth; i++) inner.all([0x02, 0x40]);
      for (let i = 0; i < depth; i++) inner.byte(0x0b);
      inner.all([0x00, 0x0b]);
    });
    out.u32(body.length);
    out.all(body);
  });
  await load(encodeSections(tree));
});

/** A component whose functions have the core types given, whatever they should have. */
const mistyped = (
  init: string,
  realloc: string,
  post: string,
  destructor: string,
): string => `(component
  (core module $M
    (memory (export "memory") 1)
    (func (export "init") ${init} unreachable)
    (func (export "realloc") ${realloc} unreachable)
    (func (export "text") (result i32) unreachable)
    (func (export "post") ${post} unreachable)
    (func (export "end") ${destructor} unreachable))
  (core instance $i (instantiate $M))
  (type $thing (resource (rep i32) (dtor (core func $i "end"))))
  (core func $new (canon resource.new $thing))
  (func (export "init") (param "our" string)
    (canon lift (core func $i "init") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "text") (result string)
    (canon lift (core func $i "text") (memory (core memory $i "memory")) (post-return (core func $i "post")))))`;

const INIT = "(param i32 i32)";
const REALLOC = "(param i32 i32 i32 i32) (result i32)";
const MISTYPED: readonly (readonly [
  string,
  readonly [string, string, string, string],
  RegExp | undefined,
])[] = [
  ["nothing", [INIT, REALLOC, "(param i32)", "(param i32)"], undefined],
  ["init", ["(param i64 i32)", REALLOC, "(param i32)", "(param i32)"], /core function behind/],
  ["the allocator", [INIT, "(param i32) (result i32)", "(param i32)", "(param i32)"], /allocator/],
  ["the post-return", [INIT, REALLOC, "(param i64)", "(param i32)"], /post-return/],
  ["the destructor", [INIT, REALLOC, "(param i32)", "(param i64)"], /destructor/],
];

for (const [what, types, refused] of MISTYPED) {
  test(`core functions that the node calls have their types checked: ${what} is wrong`, async () => {
    const outcome = await load(await parseText(mistyped(...types)), { path: "general" });
    if (refused === undefined) expect(outcome).not.toBeInstanceOf(ComponentError);
    else expect((outcome as ComponentError).message).toMatch(refused);
  });
}

/** Functions that are nothing but empty loops: what costs the most for its size. */
function withLoops(functions: number, loopsEach: number): Uint8Array {
  const body = bytesOf((out) => {
    out.u32(0);
    for (let i = 0; i < loopsEach; i++) out.all([0x03, 0x40, 0x0b]);
    out.all([0x00, 0x0b]);
  });
  return changedEcho((_tree, main) => {
    append(main, CORE_SECTION.function, functions, (out) => {
      for (let i = 0; i < functions; i++) out.u32(0);
    });
    append(main, CORE_SECTION.code, functions, (out) => {
      for (let i = 0; i < functions; i++) {
        out.u32(body.length);
        out.range(body, 0, body.length);
      }
    });
  });
}

test("more functions and loops than a component may have are refused, on both paths", async () => {
  const text = "the number of its functions and loops is";
  for (const bytes of [withLoops(100, 10_000), withLoops(300_000, 0)]) {
    expect(await refusal(bytes)).toContain(text);
    expect(await refusal(bytes, { path: "general" })).toContain(text);
  }
});

test("while megabytes of the most expensive code are rewritten, others have their turn", async () => {
  const bytes = withLoops(29, 10_000);
  let beats = 0;
  const heart = setInterval(() => beats++, 1);
  const startedMs = performance.now();
  await loadComponent(bytes, options());
  const tookMs = performance.now() - startedMs;
  clearInterval(heart);
  // a break each 8 ms of work; the machine may be busy
  expect(beats).toBeGreaterThan(tookMs / 200);
});

test("a function of more blocks than any real one has is refused, as nothing interrupts its rewriting", async () => {
  expect(await refusal(withLoops(1, 200_001))).toContain("the number of blocks in one function");
});

test("a file that is no component says so", async () => {
  expect(await refusal(binary([]))).toContain("magic bytes");
  expect(await refusal(coreModule())).toContain("it is a core module, not a component");
});
