import { expect, test } from "bun:test";
import fc from "fast-check";
import { zipSync, type Zippable } from "fflate";
import { DEFAULT_ZIP_LIMITS, readZip, ZipError, type ZipFault } from "./zip-bun.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function codeOf(
  zip: Uint8Array,
  limits = DEFAULT_ZIP_LIMITS,
): Promise<ZipFault["code"] | "ok"> {
  try {
    await readZip(zip, limits);
    return "ok";
  } catch (error) {
    if (error instanceof ZipError) return error.code;
    throw error;
  }
}

test("entries come in archive order with their content", async () => {
  const zip = zipSync({ "b.txt": bytes("B"), dir: { "a.txt": bytes("") }, "x/": new Uint8Array() });
  const entries = await readZip(zip);
  expect(entries.map(({ path, kind, bytes }) => [path, kind, bytes.length])).toEqual([
    ["b.txt", "file", 1],
    ["dir", "directory", 0],
    ["dir/a.txt", "file", 0],
    ["x", "directory", 0],
  ]);
});

test("[P8] [P26] row 2: dangerous names are refused", async () => {
  for (const name of ["../x", "/x", "a/../../x", "C:x", "c:/x", "a\0b", "..", "./..", "a/.."]) {
    expect([name, await codeOf(zipSync({ [name]: bytes("evil") }))]).toEqual([
      name,
      "zip.unsafe-name",
    ]);
  }
  expect(await codeOf(zipSync({ "./a//b.txt": bytes("fine"), "..a/b..": bytes("fine") }))).toBe(
    "ok",
  );
});

test("[P8] links and special files are refused", async () => {
  const withMode = (mode: number): Uint8Array => {
    const files: Zippable = { link: [bytes("/etc/passwd"), { os: 3, attrs: mode * 0x10000 }] };
    return zipSync(files);
  };
  expect(await codeOf(withMode(0o120777))).toBe("zip.unsupported-entry");
  expect(await codeOf(withMode(0o020666))).toBe("zip.unsupported-entry");
  expect(await codeOf(withMode(0o100755))).toBe("ok");
});

test("[P8] counts, sizes and ratios are bounded, at the bound and one past it", async () => {
  const limits = { ...DEFAULT_ZIP_LIMITS, maxEntryCount: 3, maxTotalBytes: 10 };
  const files = (count: number, size: number): Uint8Array =>
    zipSync(
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`f${index}`, bytes("x".repeat(size))]),
      ),
    );
  expect(await codeOf(files(3, 1), limits)).toBe("ok");
  expect(await codeOf(files(4, 1), limits)).toBe("zip.too-many-entries");
  expect(await codeOf(files(2, 5), limits)).toBe("ok");
  expect(await codeOf(files(2, 6), limits)).toBe("zip.too-large");
  const bomb = zipSync({ "zeros.bin": new Uint8Array(8 * 1024 * 1024) }, { level: 9 });
  expect(bomb.length).toBeLessThan(16_384);
  expect(await codeOf(bomb)).toBe("zip.ratio");
});

test("a damaged entry is refused by its checksum", async () => {
  const zip = zipSync({ "a.txt": bytes("content that is stored as it is") }, { level: 0 });
  const damaged = zip.slice();
  damaged[40] = damaged[40]! ^ 1;
  expect(await codeOf(damaged)).toBe("zip.damaged");
});

test("any bytes either are a zip or end in a ZipError", async () => {
  const good = zipSync({ "a.txt": bytes("A".repeat(100)), dir: { "b.bin": bytes("B") } });
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(good.length), async (edits, length) => {
      const zip = good.slice(0, Math.max(length, good.length - 40));
      for (const [index, value] of edits) if (index < zip.length) zip[index] = value;
      await codeOf(zip);
    }),
    { numRuns: 300 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (any) => {
      await codeOf(any);
    }),
    { numRuns: 100 },
  );
});
