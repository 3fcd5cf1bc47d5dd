// Two functions on the document that every part of the page uses.

/**
 * @template {HTMLElement} T
 * @param {string} id Of an element that index.html has.
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return /** @type {T} */ (element);
}

/**
 * Make an element; text children are never parsed as HTML.
 *
 * @param {string} tag
 * @param {Object<string, unknown>} [properties]
 * @param {...(Node | string)} children
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
