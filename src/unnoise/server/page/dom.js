// The two things that every part of the page does with the document.

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
 * Make an element; text goes in as text, never as HTML.
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
