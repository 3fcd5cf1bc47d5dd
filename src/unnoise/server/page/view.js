// Shows the viewed image on the stage: decodes the needed parts, and frees the rest.

import { byId } from "./dom.js";
import { decode } from "./orientation.js";
import { Pyramid } from "./pyramid.js";

/**
 * @typedef {import("./item.js").Item} Item
 * @typedef {import("./orientation.js").Picture} Picture
 */

export class View {
  isCleanShown = false;
  /** @type {Item | null} */
  #item = null;
  /** @type {Map<string, {source: object, pyramid: Pyramid | null}>} */
  #held = new Map();

  /**
   * @param {import("./desk.js").Desk} desk
   * @param {import("./stage.js").Stage} stage
   * @param {import("./split.js").Split} split
   * @param {import("./overlay.js").Overlay} overlay
   */
  constructor(desk, stage, split, overlay) {
    this.desk = desk;
    this.stage = stage;
    this.split = split;
    this.overlay = overlay;
    const update = () => this.update();
    desk.addEventListener("list", update);
    desk.addEventListener("item", (event) => {
      if (/** @type {CustomEvent} */ (event).detail === desk.viewed) update();
    });
    desk.addEventListener("settings", () => {
      stage.strength = desk.blend;
      stage.draw();
    });
    overlay.addEventListener("change", update);
    byId("retry").addEventListener("click", () => desk.viewed && desk.again(desk.viewed));
  }

  update() {
    const item = this.desk.viewed;
    if (item !== this.#item) {
      for (const role of [...this.#held.keys()]) this.#drop(role);
      this.#item = item;
    }
    this.#tellState(item);
    this.#hold("before", item?.before);
    this.#hold("after", item?.after);
    this.#hold("clean", item?.noisy && item.original);
    const map = item && this.overlay.mapOf(item);
    this.#hold("map", map, () => this.overlay.paint(/** @type {Item} */ (item)));
    this.#arrange();
  }

  /**
   * Make a layer from a source, unless it exists; the last one is shown until then.
   *
   * @param {string} role
   * @param {object | null | undefined} source
   * @param {() => Promise<ImageBitmap>} [load]
   */
  async #hold(role, source, load = () => decode(/** @type {Picture} */ (source))) {
    if (this.#held.get(role)?.source === source) return;
    if (!source) return this.#drop(role);
    const last = this.#held.get(role)?.pyramid ?? null;
    const entry = { source, pyramid: last };
    this.#held.set(role, entry);
    const pyramid = await Pyramid.of(await load());
    if (this.#held.get(role) !== entry) return pyramid.close();
    last?.close();
    entry.pyramid = pyramid;
    this.#arrange();
    if (role === "after") this.split.open();
  }

  /** @param {string} role */
  #drop(role) {
    this.#held.get(role)?.pyramid?.close();
    this.#held.delete(role);
  }

  #arrange() {
    const { camera, layers } = this.stage;
    const layer = (/** @type {string} */ role) => this.#held.get(role)?.pyramid ?? null;
    const before = layer("before");
    const clean = this.isCleanShown ? layer("clean") : null;
    Object.assign(layers, { before, after: layer("after"), map: layer("map"), left: clean ?? before });
    if (before && (before.width !== camera.image.width || before.height !== camera.image.height)) {
      camera.open(before);
    }
    byId("label-left").textContent = clean ? "Clean" : this.#item?.noisy ? "Noisy" : "Before";
    const map = layers.map ? `: ${this.overlay.title}` : "";
    byId("label-right").textContent = `${this.#item?.noisy ? "Denoised" : "After"}${map}`;
    this.stage.draw();
  }

  /** @param {Item | null} item */
  #tellState(item) {
    byId("progress").hidden = !item || item.state === "done" || item.state === "failed";
    byId("problem").hidden = item?.state !== "failed";
    byId("problem-text").textContent = item?.message ?? "";
    byId("viewed-name").textContent = item ? describe(item) : "";
  }
}

/** @param {Item} item */
function describe({ name, size }) {
  return size ? `${name}, ${size.width} × ${size.height}` : name;
}
