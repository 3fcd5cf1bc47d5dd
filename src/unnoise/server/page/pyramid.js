// A picture with its halves, quarters and so on: they draw a large picture small, fast and without
// flicker.

const SMALLEST = 512; // pixels of the longer side, below which halving saves nothing

export class Pyramid {
  /** @param {ImageBitmap[]} levels Full size first. */
  constructor(levels) {
    this.levels = levels;
    this.width = levels[0].width;
    this.height = levels[0].height;
  }

  /** @param {ImageBitmap} bitmap */
  static async of(bitmap) {
    const levels = [bitmap];
    let last = bitmap;
    while (Math.max(last.width, last.height) > SMALLEST) {
      last = await createImageBitmap(last, {
        resizeWidth: Math.ceil(last.width / 2),
        resizeHeight: Math.ceil(last.height / 2),
        resizeQuality: "medium",
      });
      levels.push(last);
    }
    return new Pyramid(levels);
  }

  /** @param {number} scale The scale at which it is drawn. */
  level(scale) {
    const halvings = Math.max(0, Math.floor(-Math.log2(scale)));
    return this.levels[Math.min(halvings, this.levels.length - 1)];
  }

  close() {
    for (const bitmap of this.levels) bitmap.close();
  }
}
