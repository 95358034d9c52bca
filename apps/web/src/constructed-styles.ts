/**
 * A document for the terminal emulator. It writes style elements and style attributes, which the policy of these pages
 * forbids to everybody; through this document they become constructed style sheets and properties, which need no
 * exception from the policy.
 * @module
 */

/** In the place of a style element, which even empty would be reported. */
function createStyle(): HTMLElement {
  const element = Document.prototype.createElement.call(document, "template") as HTMLElement;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, "textContent", {
    set(css: string) {
      sheet.replaceSync(css);
    },
    get: () => "",
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    HTMLElement.prototype.remove.call(element);
  };
  return element;
}

function createElement(name: string): HTMLElement {
  if (name === "style") return createStyle();
  const element = Document.prototype.createElement.call(document, name) as HTMLElement;
  const setAttribute = element.setAttribute.bind(element);
  element.setAttribute = (attribute: string, value: string) => {
    if (attribute === "style") element.style.cssText = value;
    else setAttribute(attribute, value);
  };
  return element;
}

/** For the option `documentOverride` of the emulator. */
export function createStyledDocument(): Document {
  return new Proxy(document, {
    get(target, key) {
      if (key === "createElement") return createElement;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Runs what takes the page's own document although it was given another one: the emulator's scroll bar does. */
export function withStyledDocument(work: () => void): void {
  document.createElement = createElement as Document["createElement"];
  try {
    work();
  } finally {
    // What the prototype has is seen again.
    Reflect.deleteProperty(document, "createElement");
  }
}
