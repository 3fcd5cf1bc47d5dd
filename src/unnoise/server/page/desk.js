// The images on the page and the work on each. Knows the server, not the document.
//
// Events: "list" when images come, go or another is viewed; "item", with the image as detail, when
// something about one changes; "settings" when the model, or how it is applied, does.

import { denoise, inspect } from "./api.js";
import { Item } from "./item.js";
import { Lane } from "./lane.js";
import { addNoise, measure } from "./pixels.js";

const AT_ONCE = 2; // requests
const UNTOUCHED = { strength: 0, chroma: null, detail: 0, hotPixels: false };
const SMALLER = "Make it smaller, or use “unnoise denoise” on your own computer.";

export class Desk extends EventTarget {
  /** @type {Item[]} */
  items = [];
  /** @type {Item | null} */
  viewed = null;
  model = "";
  /** @type {import("./api.js").Finish} */
  finish = { strength: 1, chroma: null, detail: 0, hotPixels: false };
  /** @type {import("./api.js").Limits | null} */
  limits = null;
  #lane = new Lane(AT_ONCE);
  /** One at a time, because a decoded picture is large. */
  #decoding = Promise.resolve();

  /** @param {File[]} files */
  add(files) {
    const added = files.map((file) => new Item(file));
    this.items.push(...added);
    for (const item of added) {
      item.decoded = this.#decoding = this.#decoding.then(() => this.#decode(item));
      this.#process(item);
    }
    if (added.length) this.view(added[0]);
  }

  /** @param {Item} item */
  view(item) {
    this.viewed = item;
    this.#notify("list");
    this.#notify("item", item);
    this.#inspectIfViewed(item);
  }

  /** @param {Item} item */
  remove(item) {
    item.run.abort();
    const place = this.items.indexOf(item);
    this.items.splice(place, 1);
    const next = this.items[Math.min(place, this.items.length - 1)] ?? null;
    if (this.viewed !== item) this.#notify("list");
    else if (next) this.view(next);
    else {
      this.viewed = null;
      this.#notify("list");
    }
  }

  /** @param {Item} item */
  again(item) {
    item.restart();
    this.#notify("item", item);
    this.#process(item);
  }

  /** @param {string} model */
  chooseModel(model) {
    this.model = model;
    this.#notify("settings");
    this.allAgain();
  }

  /** The stage blends if a plain mix of before and after is enough, else the server does. */
  get isServerBlending() {
    return this.finish.chroma !== null || this.finish.hotPixels;
  }

  /** The share of the server's result in the shown image; the rest is the image before. */
  get blend() {
    return this.isServerBlending ? 1 : this.finish.strength;
  }

  /** The options to send to the server for the shown image. */
  get #shown() {
    return this.isServerBlending ? this.finish : { ...this.finish, strength: 1 };
  }

  /**
   * @param {import("./api.js").Finish} finish
   * @returns {boolean} Whether the server must be asked again, by allAgain.
   */
  chooseFinish(finish) {
    const before = JSON.stringify(this.#shown);
    this.finish = finish;
    this.#notify("settings");
    return before !== JSON.stringify(this.#shown);
  }

  allAgain() {
    for (const item of this.items) this.again(item);
  }

  /**
   * @param {Item} item
   * @param {number} index The number of the viewed image of a stack.
   * @param {number} channel The number of its viewed channel, if channels are not colours.
   */
  choosePart(item, index, channel) {
    Object.assign(item, { index, channel });
    this.again(item);
  }

  /**
   * @param {Item} item
   * @param {number} sigma
   */
  chooseNoise(item, sigma) {
    item.sigma = sigma;
    this.again(item);
  }

  /**
   * Get the result as a file, in the format that was sent, with the chosen strength.
   *
   * @param {Item} item
   */
  async result(item) {
    const wishes = { model: this.model, finish: this.finish };
    const found = await this.#lane.run(() => denoise(item.input, wishes), () => true);
    item.lost = found.lost;
    this.#notify("item", item);
    return found.image;
  }

  /** @param {Item} item */
  async #decode(item) {
    if (await item.readOriginal(item.file)) this.#notify("item", item);
  }

  /** @param {Item} item */
  async #process(item) {
    const { signal } = item.run;
    try {
      await item.decoded;
      await this.#lane.run(() => this.#denoise(item, signal), () => this.viewed === item);
      await this.#inspectIfViewed(item);
    } catch (error) {
      if (signal.aborted) return;
      item.state = "failed";
      item.message = /** @type {Error} */ (error).message;
      this.#notify("item", item);
    }
  }

  /**
   * @param {Item} item
   * @param {AbortSignal} signal
   */
  async #denoise(item, signal) {
    signal.throwIfAborted();
    this.#checkLimits(item);
    item.state = "denoising";
    this.#notify("item", item);
    const onBusy = (/** @type {number} */ seconds) => {
      Object.assign(item, { state: "busy", wait: seconds });
      this.#notify("item", item);
    };
    const { index, channel } = item;
    const wishes = { model: this.model, finish: this.#shown, index, channel, signal, onBusy };
    // No browser shows TIFF files, or the second image of a file.
    if (!item.original || item.part !== item.originalPart) await this.#readShown(item, wishes);
    if (item.sigma > 0) {
      const original = /** @type {import("./orientation.js").Picture} */ (item.original);
      const blob = await addNoise(original, item.sigma);
      signal.throwIfAborted();
      item.noisy = { blob, orientation: 1 };
    }
    item.state = "denoising";
    this.#notify("item", item);
    const found = await denoise(item.input, item.noisy ? { ...wishes, index: 0, channel: 0 } : wishes);
    const after = { blob: found.image, orientation: 1 };
    if (!item.noisy) {
      const { images, stack, channels, shown, notes } = found;
      Object.assign(item, { images, stack, channels, shown, notes });
      // Browsers show dark images dark, and convert inks in their own way. Before must match after.
      if (shown.length && !item.isServerShown) await this.#readShown(item, wishes);
    }
    const original = /** @type {import("./orientation.js").Picture} */ (item.original);
    const errors = item.noisy && (await measure(original, item.noisy, after));
    signal.throwIfAborted();
    const { verdict, reasons } = found;
    Object.assign(item, { after, errors, verdict, reasons, state: "done" });
    this.#notify("item", item);
  }

  /**
   * Let the server draw the original, for the view before and for the list of images.
   *
   * @param {Item} item
   * @param {import("./api.js").Wishes} wishes
   */
  async #readShown(item, wishes) {
    const found = await denoise(item.file, { ...wishes, finish: UNTOUCHED });
    if (!(await item.readOriginal(found.image))) throw new Error("The browser cannot show this image.");
    const { images, stack } = found;
    Object.assign(item, { isServerShown: true, originalPart: item.part, images, stack });
  }

  /**
   * Inspect the viewed image only, because inspecting takes several times as long as denoising.
   *
   * @param {Item} item
   */
  async #inspectIfViewed(item) {
    if (this.viewed !== item || item.state !== "done" || item.inspection) return;
    const { signal } = item.run;
    const index = item.noisy ? 0 : item.index;
    const wishes = { model: this.model, index, signal };
    try {
      const inspection = await this.#lane.run(
        () => (signal.throwIfAborted(), inspect(item.input, wishes)),
        () => this.viewed === item,
      );
      signal.throwIfAborted();
      const { verdict, reasons } = inspection;
      Object.assign(item, { inspection, verdict, reasons });
    } catch (error) {
      if (signal.aborted) return;
      item.inspectionProblem = /** @type {Error} */ (error).message;
    }
    this.#notify("item", item);
  }

  /** @param {Item} item */
  #checkLimits(item) {
    if (!this.limits) return;
    const { bytes, pixels } = this.limits;
    const mega = (/** @type {number} */ count) => (count / 1e6).toFixed(1);
    if (item.input.size > bytes) {
      const sizes = `${mega(item.input.size)} MB; this server takes up to ${mega(bytes)} MB`;
      throw new Error(`The file has ${sizes}. ${SMALLER}`);
    }
    const count = item.size ? item.size.width * item.size.height : 0;
    if (count > pixels) {
      const sizes = `${mega(count)} megapixels; this server takes up to ${mega(pixels)}`;
      throw new Error(`The image has ${sizes}. ${SMALLER}`);
    }
  }

  /**
   * @param {"list" | "item" | "settings"} what
   * @param {Item} [item]
   */
  #notify(what, item) {
    this.dispatchEvent(new CustomEvent(what, { detail: item }));
  }
}
