import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ControlApp, ControlGrant, ControlPeer } from "@kinode-ts/types";
import { Window } from "happy-dom";

const APP: ControlApp = {
  id: "chat:sys",
  name: "Chat",
  description: "Talk to people",
  version: "1.0.0",
  path: "/chat:chat:sys/",
  icon: null,
  bundled: false,
  state: "running",
  processes: ["chat:chat:sys"],
  withdrawnCount: 0,
};
const grant: { -readonly [K in keyof ControlGrant]: ControlGrant[K] } = {
  holder: "chat:chat:sys",
  issuer: "a.local@http-server:distro:sys",
  params: '"messaging"',
  description: "serve web pages",
  risk: "usual",
  granted: true,
  origin: "requested",
};

const PEER: ControlPeer = {
  name: "b.local",
  fingerprint: "2222 3333",
  route: "direct at 192.0.2.2",
  isConnected: true,
  lastSeenMs: 0,
  origin: "invited",
  by: null,
  isOurRouter: false,
  mayRoute: true,
};
let isRemoved = false;

const window = new Window({ url: "http://localhost/" });
const calls: string[] = [];
let isLoggedOut = false;
/** The connection that the node tells of changes by. */
let events: { onopen(): void; onerror(): void };
const saved: Record<string, unknown> = {};
const answers: Record<string, () => unknown> = {
  node: () => ({
    name: "a.local",
    version: "0.1.0",
    url: "",
    appsPort: 8080,
    startedAtMs: 0,
    processCount: 1,
  }),
  apps: () => [APP],
  capabilities: () => [{ ...grant }],
  peers: () => ({
    our: {
      name: "a.local",
      fingerprint: "0000 1111",
      addresses: ["192.0.2.1:10000"],
      routers: [],
      maxPassthroughs: 0,
    },
    peers: isRemoved ? [] : [PEER],
    nearby: [],
  }),
  "peers/invite": () => ({ text: "kinode1abcdefgh", expiresMs: 1_800_000_000_000 }),
  "peers/b.local/remove": () => ((isRemoved = true), {}),
  "capabilities/revoke": () => ((grant.granted = false), { ...grant }),
  "capabilities/grant": () => ((grant.granted = true), { ...grant }),
};

async function shown(check: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500 && !check(); turn++) await Bun.sleep(2);
  expect(check()).toBe(true);
}
const text = () => window.document.body.textContent ?? "";

beforeAll(async () => {
  const globals: Record<string, unknown> = {
    window,
    document: window.document,
    location: window.location,
    addEventListener: window.addEventListener.bind(window),
    removeEventListener: window.removeEventListener.bind(window),
    EventSource: class {
      onopen = () => {};
      onerror = () => {};
      constructor() {
        // oxlint-disable-next-line typescript/no-this-alias -- there is one for all pages
        events = this;
      }
      close() {}
    },
    fetch: (path: string) => {
      const name = path.replace("/~/api/", "");
      calls.push(name);
      if (isLoggedOut) return Promise.resolve(Response.json({ error: {} }, { status: 401 }));
      if (name === "peers/join") {
        const error = { code: "net.bad-invitation", message: "copy the whole line" };
        return Promise.resolve(Response.json({ error }, { status: 400 }));
      }
      return Promise.resolve(Response.json(answers[name]?.() ?? []));
    },
  };
  for (const [name, value] of Object.entries(globals)) {
    saved[name] = (globalThis as Record<string, unknown>)[name];
    (globalThis as Record<string, unknown>)[name] = value;
  }
  window.document.body.innerHTML = '<div id="app"></div>';
  await import("./main.tsx");
});
afterAll(() => {
  for (const [name, value] of Object.entries(saved))
    (globalThis as Record<string, unknown>)[name] = value;
});

test("the home page lists installed apps with their state and a link to open them", async () => {
  await shown(() => text().includes("Talk to people"));
  expect(text()).toContain("running");
  expect(
    window.document.querySelector('a[href="http://localhost:8080/chat:chat:sys/"]'),
  ).not.toBeNull();
});

test("the permissions page withdraws a grant and gives it back", async () => {
  window.location.hash = "#/permissions/chat:sys";
  const box = () =>
    window.document.querySelector('input[role="switch"]') as unknown as HTMLInputElement | null;
  await shown(() => box()?.checked === true);
  box()?.click();
  await shown(() => text().includes("Withdrawn: serve web pages"));
  await shown(() => box()?.checked === false);
  box()?.click();
  await shown(() => text().includes("Given back: serve web pages"));
  expect(calls.filter((name) => name.startsWith("capabilities/"))).toEqual([
    "capabilities/revoke",
    "capabilities/grant",
  ]);
});

test("the peers page shows who is known, makes an invitation with its QR code, and removes", async () => {
  window.location.hash = "#/peers";
  await shown(() => text().includes("direct at 192.0.2.2"));
  const press = (label: string) => {
    const buttons = [...window.document.querySelectorAll("button")];
    const named = buttons.find(
      (each) => (each.getAttribute("aria-label") ?? each.textContent) === label,
    );
    named?.click();
  };
  press("Make an invitation");
  await shown(() => window.document.querySelector("textarea")?.value === "kinode1abcdefgh");
  expect(window.document.querySelector("svg path")?.getAttribute("d")).toMatch(/^M\d/);
  press("Remove b.local");
  await shown(() => focused() === "Keep b.local");
  (window.document.activeElement as unknown as HTMLElement).dispatchEvent(
    new window.KeyboardEvent("keydown", { key: "Escape", bubbles: true }) as never,
  );
  await shown(() => focused() === "Remove b.local");
  press("Remove b.local");
  await shown(() => text().includes("Keep"));
  press("Really remove b.local");
  await shown(() => text().includes("b.local is not known any more"));
  await shown(() => text().includes("No other node is known yet"));
  expect(focused()).toBe("main");
  // What was said goes when the person has read it.
  press("Dismiss");
  await shown(() => !text().includes("b.local is not known any more"));
});

/** Name of what has the focus. */
function focused(): string | null | undefined {
  const element = window.document.activeElement;
  return element?.getAttribute("aria-label") ?? element?.id;
}

test("an invitation that is refused is told beside it, and stays to be mended", async () => {
  const box = window.document.querySelector(
    'textarea[aria-label="An invitation to paste"]',
  ) as unknown as HTMLTextAreaElement;
  box.value = "kinode1";
  box.dispatchEvent(new window.Event("input", { bubbles: true }) as never);
  const join = () =>
    [...window.document.querySelectorAll("button")].find((each) => each.textContent === "Join");
  await shown(() => join()?.disabled === false);
  join()?.click();
  const error = () => window.document.getElementById("join-error");
  await shown(() => error()?.textContent === "copy the whole line");
  expect(error()?.getAttribute("role")).toBe("alert");
  expect(box.getAttribute("aria-describedby")).toBe("join-error");
  expect(box.getAttribute("aria-invalid")).toBe("true");
  expect(box.value).toBe("kinode1");
});

test("each page has a title of its own, and says when the node does not answer", async () => {
  expect(window.document.title).toBe("Peers – a.local");
  events.onerror();
  await shown(() => text().includes("The node does not answer"));
  events.onopen();
  await shown(() => !text().includes("The node does not answer"));
});

test("every control has a name that a screen reader can say", () => {
  for (const input of window.document.querySelectorAll("button, input, a, textarea, select")) {
    expect((input.getAttribute("aria-label") ?? input.textContent ?? "").trim()).not.toBe("");
  }
});

test("when the session has ended a page says so and leads to the login, and to nothing else", async () => {
  isLoggedOut = true;
  window.location.hash = "#/processes";
  await shown(() => text().includes("Your session has ended"));
  const links = [...window.document.querySelectorAll("main a")];
  expect(links.map((link) => link.getAttribute("href"))).toEqual(["/"]);
  expect(text()).not.toContain("Loading");
});
