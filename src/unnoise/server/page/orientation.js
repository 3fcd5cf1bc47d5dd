// Cameras may store a picture turned, with its orientation in the EXIF part. Browsers turn such pictures
// upright; this file turns maps and results, which have no EXIF part.

const HEAD = 128 * 1024; // bytes at the start of a file that hold the EXIF part
const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0]; // "Exif" in a JPEG
const PNG_EXIF = [0x65, 0x58, 0x49, 0x66]; // "eXIf", the name of that chunk of a PNG
const ORIENTATION = 0x0112;

/**
 * @typedef {{blob: Blob, orientation: number}} Picture
 *   A file that the browser can decode, and its EXIF orientation.
 */

/**
 * Decode a picture upright.
 *
 * @param {Picture} picture
 * @returns {Promise<ImageBitmap>}
 */
export async function decode({ blob, orientation }) {
  const bitmap = await createImageBitmap(blob);
  if (orientation === 1 || (await readOrientation(blob)) === orientation) return bitmap;
  return turn(bitmap, orientation);
}

/**
 * @param {Blob} blob
 * @returns {Promise<number>} 1 to 8; 1, upright, if the file does not say.
 */
export async function readOrientation(blob) {
  const bytes = new Uint8Array(await blob.slice(0, HEAD).arrayBuffer());
  const isPng = bytes[0] === 0x89;
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!isPng && !isJpeg) return 1;
  const name = isPng ? PNG_EXIF : EXIF;
  const start = bytes.findIndex((_, i) => name.every((byte, k) => bytes[i + k] === byte));
  if (start < 0) return 1;
  try {
    return readTag(new DataView(bytes.buffer, start + name.length));
  } catch (error) {
    if (error instanceof RangeError) return 1; // the EXIF part is damaged
    throw error;
  }
}

/** @param {DataView} tiff The EXIF part, which is a TIFF file without pixels. */
function readTag(tiff) {
  const little = tiff.getUint16(0) === 0x4949;
  const table = tiff.getUint32(4, little);
  const count = tiff.getUint16(table, little);
  for (let i = 0; i < count; i += 1) {
    const entry = table + 2 + 12 * i;
    if (tiff.getUint16(entry, little) === ORIENTATION) return tiff.getUint16(entry + 8, little) || 1;
  }
  return 1;
}

/**
 * @param {ImageBitmap} bitmap
 * @param {number} orientation
 */
function turn(bitmap, orientation) {
  const { width: w, height: h } = bitmap;
  const lying = orientation >= 5;
  const canvas = new OffscreenCanvas(lying ? h : w, lying ? w : h);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  // Where the axes of the stored picture go, for orientations 2 to 8 of the EXIF standard.
  const [a, b, c, d, e, f] = [
    [-1, 0, 0, 1, w, 0],
    [-1, 0, 0, -1, w, h],
    [1, 0, 0, -1, 0, h],
    [0, 1, 1, 0, 0, 0],
    [0, 1, -1, 0, h, 0],
    [0, -1, -1, 0, h, w],
    [0, -1, 1, 0, 0, w],
  ][orientation - 2];
  context.setTransform(a, b, c, d, e, f);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.transferToImageBitmap();
}
