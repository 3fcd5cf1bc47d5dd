// The handle between before and after: dragged, moved by the keyboard, and drawn open once.

import { byId } from "./dom.js";

const STEP = 0.02; // of the width, for a key
const OPENING = 700; // milliseconds in which the result appears

export class Split {
  #handle = byId("split");
  #opening = 0;

  /** @param {import("./stage.js").Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.place = 0.5; // its last place, kept while it is hidden
    stage.addEventListener("drawn", () => this.#follow());
    this.#handle.addEventListener("keydown", (event) => this.#onKey(event));
    this.#handle.addEventListener("pointerdown", (event) => {
      this.#handle.setPointerCapture(event.pointerId);
      event.stopPropagation();
    });
    this.#handle.addEventListener("pointermove", (event) => {
      if (this.#handle.hasPointerCapture(event.pointerId)) this.moveTo(event.clientX);
    });
  }

  /** @param {number} clientX */
  moveTo(clientX) {
    const { left, right } = this.stage.camera.span;
    const x = (clientX - byId("stage").getBoundingClientRect().left) * this.stage.density;
    this.set((x - left) / (right - left));
  }

  /** @param {number} share */
  set(share) {
    cancelAnimationFrame(this.#opening);
    this.place = Math.min(1, Math.max(0, share));
    this.#show(this.place);
  }

  /** Show the result, moving from the right edge to the last place of the split. */
  open() {
    cancelAnimationFrame(this.#opening);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.#show(this.place);
    const start = performance.now();
    const frame = (/** @type {number} */ now) => {
      const t = Math.min(1, Math.max(0, (now - start) / OPENING));
      this.#show(1 - (1 - this.place) * (1 - (1 - t) ** 3));
      if (t < 1) this.#opening = requestAnimationFrame(frame);
    };
    this.#show(1);
    this.#opening = requestAnimationFrame(frame);
  }

  /** @param {number} share */
  #show(share) {
    this.stage.split = share;
    const percent = Math.round(100 * share);
    this.#handle.setAttribute("aria-valuenow", `${percent}`);
    this.#handle.setAttribute("aria-valuetext", `${percent} % before, ${100 - percent} % after`);
    this.stage.draw();
  }

  #follow() {
    this.#handle.hidden = !this.stage.layers.after;
    this.#handle.style.translate = `${this.stage.splitX / this.stage.density}px`;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    /** @type {Object<string, number>} */
    const places = {
      ArrowLeft: this.place - STEP,
      ArrowDown: this.place - STEP,
      ArrowRight: this.place + STEP,
      ArrowUp: this.place + STEP,
      PageDown: this.place - 5 * STEP,
      PageUp: this.place + 5 * STEP,
      Home: 0,
      End: 1,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    event.stopPropagation();
    this.set(places[event.key]);
  }
}
