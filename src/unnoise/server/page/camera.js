// The visible part of an image, and its scale. Lengths are in pixels of the screen: at a scale of 1,
// one pixel of the image is one pixel of the screen.

const LARGEST = 64;
const STEPS = [16, 12, 8, 6, 4, 3, 2, 1.5].map((part) => 1 / part);
STEPS.push(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, LARGEST);

export class Camera {
  scale = 1;
  x = 0; // of the image's left edge on the screen
  y = 0;
  fitted = true;
  view = { width: 1, height: 1 };
  image = { width: 1, height: 1 };

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    const { x, y } = this.#imagePoint(this.view.width / 2, this.view.height / 2);
    this.view = { width, height };
    if (this.fitted) this.fit();
    else this.#place(x, y, width / 2, height / 2);
  }

  /** @param {{width: number, height: number}} image */
  open({ width, height }) {
    this.image = { width, height };
    this.fit();
  }

  fit() {
    this.fitted = true;
    this.scale = this.#fittingScale();
    this.#keepInside();
  }

  /**
   * Change the scale; the point of the image at (x, y) stays there.
   *
   * @param {number} scale
   * @param {number} [x]
   * @param {number} [y]
   */
  zoom(scale, x = this.view.width / 2, y = this.view.height / 2) {
    const point = this.#imagePoint(x, y);
    const least = Math.min(this.#fittingScale(), 1);
    this.scale = Math.min(Math.max(scale, least), LARGEST);
    this.fitted = this.scale === this.#fittingScale();
    this.#place(point.x, point.y, x, y);
  }

  /** @param {1 | -1} direction */
  step(direction) {
    const others = [...STEPS, this.#fittingScale()].sort((a, b) => direction * (a - b));
    const next = others.find((scale) => direction * Math.log2(scale / this.scale) > 0.01);
    if (next) this.zoom(next);
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#keepInside();
  }

  /** Whether a part of the image is outside of the view. */
  get canPan() {
    const { width, height } = this.image;
    return width * this.scale > this.view.width + 1 || height * this.scale > this.view.height + 1;
  }

  /** The left and right edges of the visible part of the image. */
  get span() {
    const right = this.x + this.image.width * this.scale;
    return { left: Math.max(0, this.x), right: Math.min(this.view.width, right) };
  }

  #fittingScale() {
    const { width, height } = this.view;
    return Math.min(width / this.image.width, height / this.image.height, LARGEST);
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #imagePoint(x, y) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  /**
   * Put a point of the image at a point of the screen.
   *
   * @param {number} imageX
   * @param {number} imageY
   * @param {number} x
   * @param {number} y
   */
  #place(imageX, imageY, x, y) {
    this.x = x - imageX * this.scale;
    this.y = y - imageY * this.scale;
    this.#keepInside();
  }

  /** Centre an image that is smaller than the view; a larger one leaves no gap. */
  #keepInside() {
    const inside = (/** @type {number} */ start, /** @type {number} */ size, /** @type {number} */ room) =>
      size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, start));
    this.x = inside(this.x, this.image.width * this.scale, this.view.width);
    this.y = inside(this.y, this.image.height * this.scale, this.view.height);
  }
}
