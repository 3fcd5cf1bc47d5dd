// The token that a server may need: the page asks for it once, and keeps it until the tab is closed.

import { byId } from "./dom.js";

const KEY = "unnoise-token";

/** @type {Promise<boolean> | null} */
let asking = null;

/** @returns {Object<string, string>} */
export function authorization() {
  const token = sessionStorage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/**
 * Ask for a token; requests that need one at the same time share the question.
 *
 * @param {Object<string, string>} refused The header that the server refused. If another one
 *   was entered meanwhile, try that one first.
 * @returns {Promise<boolean>} Whether there is a new one.
 */
export function askForToken(refused) {
  if (authorization().Authorization !== refused.Authorization) return Promise.resolve(true);
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

/** @returns {Promise<boolean>} */
function ask() {
  /** @type {HTMLDialogElement} */
  const dialog = byId("token");
  /** @type {HTMLInputElement} */
  const input = byId("token-value");
  input.value = "";
  dialog.returnValue = ""; // Escape leaves it as it is
  byId("token-cancel").onclick = () => dialog.close();
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        const given = dialog.returnValue === "ok";
        if (given) sessionStorage.setItem(KEY, input.value.trim());
        resolve(given);
      },
      { once: true },
    );
  });
}
