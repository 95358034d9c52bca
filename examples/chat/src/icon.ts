/**
 * The picture on the home page.
 * @module
 */

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="#0f766e"/><path fill="#fff" d="M14 18h36a4 4 0 0 1 4 4v18a4 4 0 0 1-4 4H30L18 54V44h-4a4 4 0 0 1-4-4V22a4 4 0 0 1 4-4z"/></svg>`;

export const ICON = `data:image/svg+xml,${encodeURIComponent(SVG)}`;
