// Light, dark, or as the system. Not a module: it runs before the first paint, so that a dark page
// does not flash white.

(() => {
  const KEY = "unnoise-theme";
  const root = document.documentElement;
  root.dataset.theme = localStorage.getItem(KEY) ?? "auto";

  addEventListener("DOMContentLoaded", () => {
    const select = /** @type {HTMLSelectElement} */ (document.getElementById("theme"));
    select.value = root.dataset.theme ?? "auto";
    select.addEventListener("change", () => {
      root.dataset.theme = select.value;
      localStorage.setItem(KEY, select.value);
    });
  });
})();
