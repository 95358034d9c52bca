/**
 * The page that asks for the password. Stands alone: no other file but its script, nothing from elsewhere.
 * Source: spec/runtime-modules.md §6.6 ("Login page").
 * @module
 */
import { LOGIN_SCRIPT } from "./generated/login-script.ts";

export const LOGIN_SCRIPT_PATH = "/~/login.js";

const STYLE = `
:root{color-scheme:light dark;--ink:#17202a;--paper:#f6f7f9;--card:#fff;--line:#c9d1da;--field:#7d8792;--accent:#1f5fbf;--fault:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e9edf2;--paper:#14181d;--card:#1d232a;--line:#46515d;--field:#7f8a96;--accent:#8ab4f8;--fault:#ffb4ab}}
*{box-sizing:border-box}
body{margin:0;min-height:100dvh;display:grid;place-items:center;padding:1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:24rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.5rem}
h1{margin:0 0 .25rem;font-size:1.25rem}
p{margin:0 0 1rem;overflow-wrap:anywhere}
label{display:block;font-weight:600;margin-bottom:.25rem}
input,button{width:100%;font:inherit;padding:.7rem .8rem;border-radius:.5rem;border:1px solid var(--line)}
input{background:var(--paper);color:inherit;border-color:var(--field)}
button{margin-top:1rem;border-color:transparent;background:var(--accent);color:var(--card);font-weight:600;cursor:pointer}
button:disabled{opacity:.6;cursor:progress}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
[role=status]{min-height:1.5rem;margin:.75rem 0 0}
.fault{color:var(--fault)}
.hint{margin:1rem 0 0;font-size:.875rem}
`;

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const NO_PASSWORD = `No password at hand? On the machine of the node, <code>kinode link</code> prints a link that logs in.`;
const ENDED_LINK = `This link was used already, or is too old. The command <code>kinode link</code> makes another one; the password works as well.`;

/**
 * Never cached: it stands in the place of the page that was asked for.
 * @param reason - says above the password why the person is asked for it
 */
export function loginPageResponse(node: string, reason?: "ended-link"): Response {
  return new Response(loginPage(node, reason), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
    },
  });
}

export function loginScriptResponse(): Response {
  return new Response(LOGIN_SCRIPT, {
    headers: { "content-type": "text/javascript; charset=utf-8", "cache-control": "no-cache" },
  });
}

function loginPage(node: string, reason: "ended-link" | undefined): string {
  const name = escapeHtml(node);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in to ${name}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body data-node="${name}">
<main>
<h1>Log in</h1>
<p>This is <strong>${name}</strong>.</p>
${reason === undefined ? "" : `<p>${ENDED_LINK}</p>`}
<form>
<input type="text" name="username" value="${name}" autocomplete="username" hidden>
<label for="password">Password</label>
<input id="password" type="password" autocomplete="current-password" required autofocus aria-describedby="status">
<button>Log in</button>
<p id="status" role="status" aria-live="polite"></p>
</form>
${reason === undefined ? `<p class="hint">${NO_PASSWORD}</p>` : ""}
<noscript><p class="fault">Logging in needs JavaScript: the password is never sent, only a hash of it.</p></noscript>
</main>
<script src="${LOGIN_SCRIPT_PATH}" defer></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
