/**
 * The page at the package's own address.
 * @param {number} count
 */
export function page(count) {
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width" />
  <title>my-package</title>
  <style>
    body { font: 1.2rem system-ui; margin: 4rem auto; max-width: 30rem; padding: 0 1rem; }
  </style>
  <h1>Hello from JavaScript</h1>
  <p>Counted to ${count}.</p>
</html>
`;
}
