// Colours for the values of a map. The steps of inferno and viridis look equal; red and blue, for
// signed values, meet in white at 0. Each has seventeen colours, from matplotlib, joined linearly.

/** @type {Object<string, string>} */
const STOPS = {
  inferno:
    "000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754 d24644 e45a31 f1731d f98e09 fcac11 f9cb35 f2ea69 fcffa4",
  viridis:
    "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725",
  signed:
    "053061 175290 2a71b2 3f8ec0 6bacd1 9bc9e0 c2ddec e0ecf3 f7f6f6 fbe5d8 fbccb4 f5aa89 e48066 d05548 ba2832 930e26 67001f",
};

/**
 * @param {string} name Of the colours: inferno, viridis or signed.
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA of the values 0 to 255.
 */
export function colourTable(name) {
  const stops = STOPS[name].split(" ").map((stop) => parseInt(stop, 16));
  const table = new Uint8ClampedArray(4 * 256);
  for (let value = 0; value < 256; value += 1) {
    const place = (value / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    for (let channel = 0; channel < 3; channel += 1) {
      const shift = 16 - 8 * channel;
      const [a, b] = [(stops[low] >> shift) & 255, (stops[low + 1] >> shift) & 255];
      table[4 * value + channel] = a + (b - a) * (place - low);
    }
    table[4 * value + 3] = 255;
  }
  return table;
}
