/** The engine's `URL` against the one of the realm the tests run in. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { URL as EngineUrl } from "../engine/web/url.ts";
import { URLSearchParams as EngineParams } from "../engine/web/url-search-params.ts";

const PIECES = [
  ..."/\\?#@:;=$,!^`{}|'\"<>~ \t\n".split(""),
  ..."http: https:// ftp: file: file:/// mailto: ws:// foo: foo:// // .. . %2e %2E%2e user pw a.b.".split(
    " ",
  ),
  ..."example.com EXAMPLE ä 日本 é [::1] [1:2::3] [::ffff:1.2.3.4] 127.0.0.1 0x7f.1 256 1.2.3".split(
    " ",
  ),
  ..."80 443 99999 %zz %41 localhost x=1&y=2".split(" "),
];
const KEYS = [
  "href",
  "origin",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

const text = fc
  .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 7 })
  .map((pieces) => pieces.join(""));

type AnyUrl = Record<(typeof KEYS)[number], string> & { searchParams: object };
type Constructor = new (url: string, base?: string) => AnyUrl;

function show(url: AnyUrl): string {
  // The realm cuts the first dot off the `pathname` of `foo:/..x`, but not off its `href`.
  const keys = /^[a-z]+:\/\.\./.test(url.href) ? KEYS.filter((key) => key !== "pathname") : KEYS;
  return [...keys.map((key) => url[key]), String(url.searchParams)].join(" | ");
}

function parsed(Constructor: Constructor, url: string, base: string | undefined): string {
  try {
    return show(new Constructor(url, base));
  } catch (thrown) {
    return (thrown as Error).name;
  }
}

const Own = EngineUrl as unknown as Constructor;
const Realm = URL as unknown as Constructor;

test("any text is parsed as the realm does, alone and against a base", () => {
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), (url, base) => {
      // The realm takes `\\` for a slash after dots in schemes where it is none.
      fc.pre(!url.includes("\\") || /^(?:https?|ftp|wss?):/.test((base ?? url).trim()));
      expect(parsed(Own, url, base)).toBe(parsed(Realm, url, base));
    }),
    { numRuns: 4_000, seed: 11 },
  );
});

test("setters change what the realm's change", () => {
  const start = ["http://u:p@h.x:81/a/b?q#f", "mailto:x@y", "foo://h/p", "https://h"];
  // The realm's `host` and `hostname` stray from the standard for values with a second colon; they have a test below.
  const keys = KEYS.filter((key) => !["origin", "host", "hostname"].includes(key));
  // It also strays where a value has tabs or newlines.
  const line = text.map((value) => value.replaceAll(/[\t\n]/g, ""));
  const change = fc.tuple(fc.constantFrom(...keys), line);
  const changed = (Constructor: Constructor, from: string, changes: [string, string][]): string => {
    const url = new Constructor(from);
    for (const [key, value] of changes) {
      try {
        Reflect.set(url, key, value);
      } catch {
        // `href` refuses what is no URL
      }
    }
    return show(url);
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...start),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (from, changes) => {
        expect(changed(Own, from, changes)).toBe(changed(Realm, from, changes));
      },
    ),
    { numRuns: 2_000, seed: 11 },
  );
});

test("host and hostname are set as the standard says", () => {
  const url = new EngineUrl("http://u@old:81/p");
  url.host = "new.example:8080/ignored";
  expect(url.href).toBe("http://u@new.example:8080/p");
  url.hostname = "third:90";
  expect(url.host).toBe("new.example:8080");
  url.hostname = "BÜCHER.example";
  expect(url.href).toBe("http://u@xn--bcher-kva.example:8080/p");
  url.host = "[::0:1]:80";
  expect(url.href).toBe("http://u@[::1]/p");
});

test("drive letters of files are kept, as the standard says and the realm does not", () => {
  expect(new EngineUrl("x", "file:///C:/a/b").href).toBe("file:///C:/a/x");
  expect(new EngineUrl("/x", "file:///C|/a").href).toBe("file:///C:/x");
  expect(new EngineUrl("..", "file:///C:/").href).toBe("file:///C:/");
});

test("parameters change the URL and follow it", () => {
  const url = new EngineUrl("https://h/?a=1&b=%C3%A4+c");
  expect(url.searchParams.get("b")).toBe("ä c");
  url.searchParams.append("d", "e&f");
  url.searchParams.delete("a");
  expect(url.href).toBe("https://h/?b=%C3%A4+c&d=e%26f");
  url.search = "?z=9";
  expect([...url.searchParams]).toEqual([["z", "9"]]);
  url.searchParams.delete("z");
  expect(url.href).toBe("https://h/");
});

test("lists of parameters behave as the realm's", () => {
  const name = fc.constantFrom("a", "b", "ä", "", "a b", "&", "=", "+", "%", "\u{1f600}", "~*-._");
  const step = fc.tuple(fc.constantFrom("append", "set", "delete", "sort"), name, name);
  const run = (Params: typeof URLSearchParams, from: string, steps: [string, string, string][]) => {
    const params = new Params(from);
    for (const [what, key, value] of steps) {
      if (what === "sort") params.sort();
      else if (what === "delete") params.delete(key);
      else params[what as "append" | "set"](key, value);
    }
    return [String(params), params.size, params.has("a"), params.getAll("b"), [...params.keys()]];
  };
  fc.assert(
    fc.property(text, fc.array(step, { maxLength: 6 }), (from, steps) => {
      expect(run(EngineParams as never, from, steps)).toEqual(run(URLSearchParams, from, steps));
    }),
    { numRuns: 1_000, seed: 11 },
  );
});
