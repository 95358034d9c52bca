/** Colours that can be read, in both schemes. Source: WCAG 2.2, 1.4.3 and 1.4.11. */
import { expect, test } from "bun:test";

const css = await Bun.file(`${import.meta.dir}/style.css`).text();

/** The colours of one scheme, by name. */
function colors(scheme: 0 | 1): ReadonlyMap<string, string> {
  const pairs = css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g);
  return new Map(Array.from(pairs, ([, name = "", ...both]) => [name, both[scheme] ?? ""]));
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

for (const [scheme, name] of ["light", "dark"].entries()) {
  test(`texts and fields stand out from what they are on (${name})`, () => {
    const found = colors(scheme as 0 | 1);
    const color = (each: string): string => found.get(each) ?? `no ${each}`;
    for (const ground of ["ground", "card"]) {
      for (const ink of ["ink", "quiet", "accent", "good", "warn", "bad"]) {
        expect([ink, ground, contrast(color(ink), color(ground)) >= 4.5]).toEqual([
          ink,
          ground,
          true,
        ]);
      }
      expect(["field", ground, contrast(color("field"), color(ground)) >= 3]).toEqual([
        "field",
        ground,
        true,
      ]);
    }
    for (const ground of ["accent", "bad"]) {
      expect(contrast(color("on-accent"), color(ground))).toBeGreaterThanOrEqual(4.5);
    }
  });
}
