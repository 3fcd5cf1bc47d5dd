// Writes PNG files. A canvas would store grey images in colour, and the model must get grey ones.

const COLOUR_TYPES = [0, 4, 2, 6]; // of 1, 2, 3 and 4 channels

/**
 * @param {Uint8Array} pixels Row by row, channels together.
 * @param {number} width
 * @param {number} height
 * @param {number} channels 1 to 4: grey or RGB, the even ones with transparency.
 * @returns {Promise<Blob>}
 */
export async function encodePng(pixels, width, height, channels) {
  const row = width * channels;
  const filtered = new Uint8Array((row + 1) * height); // each row begins with 0: no filter
  for (let y = 0; y < height; y += 1) {
    filtered.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  }
  const packed = new Blob([filtered]).stream().pipeThrough(new CompressionStream("deflate"));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOUR_TYPES[channels - 1]], 8);
  const parts = [
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    ...chunk("IHDR", header),
    ...chunk("IDAT", new Uint8Array(await new Response(packed).arrayBuffer())),
    ...chunk("IEND", new Uint8Array()),
  ];
  return new Blob(parts, { type: "image/png" });
}

/**
 * @param {string} name
 * @param {Uint8Array<ArrayBuffer>} data
 */
function chunk(name, data) {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setUint32(0, data.length);
  head.set(new TextEncoder().encode(name), 4);
  const end = new Uint8Array(4);
  new DataView(end.buffer).setUint32(0, checksum(head.subarray(4), data));
  return [head, data, end];
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/**
 * The CRC of the PNG standard.
 *
 * @param {...Uint8Array} parts
 */
function checksum(...parts) {
  let c = 0xffffffff;
  for (const part of parts) for (const byte of part) c = TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}
