// Takes in images: chosen, dropped anywhere, or pasted.

import { byId } from "./dom.js";

/** @param {(files: File[]) => void} take */
export function takeImages(take) {
  /** @type {HTMLInputElement} */
  const input = byId("files");
  for (const id of ["choose", "add"]) byId(id).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    input.value = ""; // so that the same file can be chosen again
  });

  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files);
  });

  const hint = byId("drop-hint");
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hint.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) hint.hidden = true; // left the window, not just an element
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hint.hidden = true;
    take([...(event.dataTransfer?.files ?? [])]);
  });
}
