/**
 * The node's own pages: home, permissions, peers, processes, terminal. Served by the node itself,
 * on an origin of their own: `apps/node/src/control/system-pages.ts`.
 * @module
 */
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, logOut, onConnection, onSessionEnd } from "./api.ts";
import { HomePage } from "./home-page.tsx";
import { PeersPage } from "./peers-page.tsx";
import { PermissionsPage } from "./permissions-page.tsx";
import { ProcessesPage } from "./processes-page.tsx";
import { TerminalPage } from "./terminal-page.tsx";
import { useData, useRoute } from "./use-data.ts";

const PAGES = [
  { path: "/", name: "Apps" },
  { path: "/permissions", name: "Permissions" },
  { path: "/peers", name: "Peers" },
  { path: "/processes", name: "Processes" },
  { path: "/terminal", name: "Terminal" },
] as const;

function App() {
  const node = useData(api.node);
  const route = useRoute();
  const [, page = "", rest] = route.split("/");
  const [isLoggedIn, setLoggedIn] = useState(true);
  const [isThere, setThere] = useState(true);
  useEffect(() => onSessionEnd(() => setLoggedIn(false)), []);
  useEffect(() => onConnection(setThere), []);
  const name = node.value?.name;
  const title = PAGES.find(({ path }) => path === `/${page}`)?.name ?? "Apps";
  useEffect(() => {
    document.title = `${title} – ${name ?? "Kinode"}`;
  }, [title, name]);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // A screen reader and the keyboard go on at the new page, as after a real navigation.
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus();
  }, [route]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => (event.preventDefault(), main.current?.focus())}
      >
        Skip to content
      </a>
      <header>
        <p class="node">
          <span class={`dot ${isThere ? "good" : "bad"}`} aria-hidden="true" /> {name ?? "…"}
        </p>
        <nav aria-label="Pages">
          {PAGES.map(({ path, name }) => (
            <a key={path} href={`#${path}`} aria-current={`/${page}` === path ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        {isLoggedIn && (
          <button type="button" class="log-out" onClick={() => void logOut()}>
            Log out
          </button>
        )}
        <p role="status" class="lost">
          {isThere || !isLoggedIn ? "" : "The node does not answer. Trying again…"}
        </p>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {!isLoggedIn ? (
          <p role="alert">
            Your session has ended. <a href="/">Log in again</a>
          </p>
        ) : page === "permissions" ? (
          <PermissionsPage only={rest === undefined ? undefined : decodeURIComponent(rest)} />
        ) : page === "peers" ? (
          <PeersPage />
        ) : page === "processes" ? (
          <ProcessesPage />
        ) : page === "terminal" ? (
          <TerminalPage />
        ) : (
          <HomePage />
        )}
      </main>
    </>
  );
}

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
