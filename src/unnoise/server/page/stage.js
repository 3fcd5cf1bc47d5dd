// Draws the compare view: one image left of the split, another right of it, and a map over that.

import { Camera } from "./camera.js";
import { byId } from "./dom.js";

const SMOOTH_FIT = 3; // fitted images below that scale are smooth, because their scale is hardly ever whole
const LABEL_ROOM = 84; // CSS pixels that the label of a side needs beside the split

/** @typedef {import("./pyramid.js").Pyramid} Pyramid */

export class Stage extends EventTarget {
  camera = new Camera();
  /** @type {{left: Pyramid | null, before: Pyramid | null, after: Pyramid | null, map: Pyramid | null}} */
  layers = { left: null, before: null, after: null, map: null };
  strength = 1;
  opacity = 1; // of the map; at 1, no outlines of the image can be mistaken for outlines of the map
  split = 1; // the share of the visible part of the image that is left of the split
  #canvas = /** @type {HTMLCanvasElement} */ (byId("canvas"));
  #context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
  #isAsked = false;

  constructor() {
    super();
    new ResizeObserver(() => this.#resize()).observe(byId("stage"));
  }

  /** Pixels of the screen in one CSS pixel. */
  get density() {
    return devicePixelRatio;
  }

  /** The place of the split, in screen pixels from the left edge of the stage. */
  get splitX() {
    const { left, right } = this.camera.span;
    return Math.round(left + this.split * (right - left));
  }

  /** Draw once before the next frame. */
  draw() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      this.#drawNow();
    });
  }

  #resize() {
    const { clientWidth, clientHeight } = byId("stage");
    if (!clientWidth || !clientHeight) return; // hidden
    this.#canvas.width = Math.round(clientWidth * this.density);
    this.#canvas.height = Math.round(clientHeight * this.density);
    this.camera.resize(this.#canvas.width, this.#canvas.height);
    this.#drawNow(); // now, as a canvas whose size was set is empty
  }

  #drawNow() {
    const { width, height } = this.#canvas;
    const { left, before, after, map } = this.layers;
    const context = this.#context;
    context.clearRect(0, 0, width, height);
    const x = after ? this.splitX : width;
    this.#inside(0, x, () => this.#drawLayer(left, 1));
    this.#inside(x, width, () => {
      // The sum of both parts equals the result of the server for this strength, also in transparent
      // places.
      this.#drawLayer(before, 1 - this.strength);
      context.globalCompositeOperation = "lighter";
      this.#drawLayer(after, this.strength);
      context.globalCompositeOperation = "source-over";
      if (!map) return;
      this.#drainColour(); // so that the only colours are those of the map
      this.#drawLayer(map, this.opacity);
    });
    this.#placeLabels(x / this.density, (width - x) / this.density);
    this.dispatchEvent(new Event("drawn"));
  }

  /**
   * @param {number} from
   * @param {number} to
   * @param {() => void} drawing
   */
  #inside(from, to, drawing) {
    if (to <= from) return;
    const context = this.#context;
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, this.#canvas.height);
    context.clip();
    drawing();
    context.restore();
  }

  #drainColour() {
    const { x, y, scale, image } = this.camera;
    this.#context.globalAlpha = 1;
    this.#context.globalCompositeOperation = "saturation";
    this.#context.fillStyle = "#808080";
    this.#context.fillRect(x, y, image.width * scale, image.height * scale);
    this.#context.globalCompositeOperation = "source-over";
  }

  /**
   * @param {Pyramid | null} layer
   * @param {number} alpha
   */
  #drawLayer(layer, alpha) {
    if (!layer || alpha === 0) return;
    const { scale, fitted, view } = this.camera;
    const context = this.#context;
    const x = Math.round(this.camera.x);
    const y = Math.round(this.camera.y);
    context.globalAlpha = alpha;
    context.imageSmoothingEnabled = scale < 1 || (fitted && scale < SMOOTH_FIT);
    context.imageSmoothingQuality = "high";
    if (context.imageSmoothingEnabled) {
      const { width, height } = layer;
      context.drawImage(layer.level(scale), x, y, Math.round(width * scale), Math.round(height * scale));
      return;
    }
    // Only the visible part: at large scales the whole image would be hundreds of thousands wide.
    const [left, top] = [Math.floor(Math.max(0, -x / scale)), Math.floor(Math.max(0, -y / scale))];
    const right = Math.min(layer.width, Math.ceil((view.width - x) / scale));
    const bottom = Math.min(layer.height, Math.ceil((view.height - y) / scale));
    const source = /** @type {const} */ ([left, top, right - left, bottom - top]);
    const size = /** @type {const} */ ([(right - left) * scale, (bottom - top) * scale]);
    context.drawImage(layer.levels[0], ...source, x + left * scale, y + top * scale, ...size);
  }

  /**
   * @param {number} left
   * @param {number} right
   */
  #placeLabels(left, right) {
    byId("label-left").hidden = left < LABEL_ROOM || !this.layers.left;
    byId("label-right").hidden = right < LABEL_ROOM || !this.layers.after;
  }
}
