/**
 * The built-in widget.
 * @module
 */
import type { AddedApp } from "./apps.ts";

const HTML = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Clock</title>
<link rel="stylesheet" href="/kinode.css">
<style>body{display:grid;place-items:center;min-height:100vh;font-size:2rem}</style>
<time id="t"></time>
<script>const t=document.getElementById("t");
const show=()=>{const d=new Date();t.dateTime=d.toISOString();t.textContent=d.toLocaleTimeString([], {timeStyle:"short"})};
show();setInterval(show,1000)</script></html>`;

export const CLOCK: AddedApp = { label: "Clock", icon: null, path: null, widget: HTML };
