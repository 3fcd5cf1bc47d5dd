// The map over the result, its colours and its legend.

import { colourTable } from "./colours.js";
import { byId, make } from "./dom.js";
import { colour } from "./pixels.js";

/**
 * @typedef {import("./item.js").Item} Item
 * @typedef {import("./api.js").ValueMap} ValueMap
 */

const of255 = (/** @type {number} */ value) => `${Math.round(255 * value)} of 255`;
const signed = (/** @type {number} */ value) => `${value > 0 ? "+" : "−"}${of255(Math.abs(value))}`;

/**
 * The meaning of each map, and how the ends of its scale are written.
 *
 * @type {Object<string, {label: string, text: string, colours: string, end: (value: number) => string}>}
 */
const MAPS = {
  removed: {
    label: "Noise",
    text:
      "What was removed at full strength: red was too bright, blue too dark. Even grain is " +
      "good; outlines of the picture mean that detail was removed with it.",
    colours: "signed",
    end: signed,
  },
  structure: {
    label: "Structure",
    text:
      "Where more was removed than noise explains, in standard deviations. Up to about 4 is " +
      "chance; brighter places lost detail.",
    colours: "inferno",
    end: (value) => `${value.toFixed(0)} deviations`,
  },
  error: {
    label: "Error",
    text: "The expected error of each place. The brighter, the less certain.",
    colours: "viridis",
    end: of255,
  },
  width: {
    label: "Width",
    text: "Distance between the lower and the upper bound of each pixel. The brighter, the less certain.",
    colours: "viridis",
    end: of255,
  },
};

export class Overlay extends EventTarget {
  chosen = "none";

  /**
   * @param {import("./desk.js").Desk} desk
   * @param {import("./stage.js").Stage} stage
   */
  constructor(desk, stage) {
    super();
    const choices = Object.entries({ none: { label: "None" }, ...MAPS });
    byId("overlay-choices").append(...choices.map(([name, { label }]) => this.#choice(name, label)));
    const update = () => this.#update(desk.viewed);
    desk.addEventListener("list", update);
    desk.addEventListener("item", update);
    this.addEventListener("change", update);
    /** @type {HTMLInputElement} */
    const opacity = byId("opacity");
    opacity.addEventListener("input", () => {
      stage.opacity = opacity.valueAsNumber / 100;
      stage.draw();
    });
  }

  get title() {
    return MAPS[this.chosen]?.label.toLowerCase() ?? "";
  }

  /**
   * @param {Item} item
   * @returns {ValueMap | undefined} The chosen map, if there is one.
   */
  mapOf(item) {
    return item.inspection?.maps[this.chosen];
  }

  /** @param {Item} item */
  paint(item) {
    const { png } = /** @type {ValueMap} */ (this.mapOf(item));
    return colour(png, 1, MAPS[this.chosen].colours); // maps come upright
  }

  /**
   * @param {string} name
   * @param {string} label
   */
  #choice(name, label) {
    const id = `overlay-${name}`;
    const checked = name === this.chosen;
    const input = make("input", { type: "radio", name: "overlay", id, checked });
    input.addEventListener("change", () => {
      this.chosen = name;
      this.dispatchEvent(new Event("change"));
    });
    return make("label", {}, input, make("span", {}, label));
  }

  /** @param {Item | null} item */
  #update(item) {
    for (const name of Object.keys(MAPS)) {
      /** @type {HTMLInputElement} */
      const input = byId(`overlay-${name}`);
      input.disabled = !item?.inspection?.maps[name];
      // Few models have bounds, so the choice appears only for those.
      if (name === "width") /** @type {HTMLElement} */ (input.parentElement).hidden = input.disabled;
    }
    const map = item && this.mapOf(item);
    byId("legend").hidden = !map;
    if (!map) return;
    const { text, colours, end } = MAPS[this.chosen];
    const bar = /** @type {HTMLCanvasElement} */ (byId("legend-bar")).getContext("2d");
    bar?.putImageData(new ImageData(colourTable(colours), 256, 1), 0, 0);
    byId("legend-low").textContent = map.low === 0 ? "0" : end(map.low);
    byId("legend-high").textContent = end(map.high);
    byId("legend-text").textContent = text;
  }
}
