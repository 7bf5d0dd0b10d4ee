// From whatever holds a picture to the pixels of a square, as 8-bit RGB.
//
// As Python's `resize_square` does it: the central square, resized bilinearly with antialiasing.
// Colour profiles are not applied, transparent parts are laid on white, and the rotation noted in
// EXIF is carried out.

import {opaqueCanvas, pixelsOf} from './reading.js';
import {resized} from './resize.js';

// Phones refuse larger canvases. Only a picture above 16 megapixels has such a square; the browser
// makes it smaller first.
const LARGEST_SIDE = 4096;

/**
 * Decodes a picture.
 *
 * @param {Blob|HTMLVideoElement} source A file, or a camera's video.
 * @returns {Promise<ImageBitmap>} Its pixels, without any correction of colours.
 */
export async function decoded(source) {
  try {
    return await createImageBitmap(source, {colorSpaceConversion: 'none'});
  } catch {
    throw new Error('this is not a picture that your browser can read');
  }
}

/**
 * Returns the central square, resized.
 *
 * @param {ImageBitmap} bitmap
 * @param {number} size Its side, in pixels.
 * @returns {Promise<Uint8Array>} RGB, row by row.
 */
export async function square(bitmap, size) {
  const side = Math.min(bitmap.width, bitmap.height);
  const left = Math.floor((bitmap.width - side) / 2);
  const top = Math.floor((bitmap.height - side) / 2);
  const drawn = Math.min(side, LARGEST_SIDE);
  const canvas = opaqueCanvas(drawn);
  const context = canvas.getContext('2d');
  context.imageSmoothingEnabled = drawn !== side;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, left, top, side, side, 0, 0, drawn, drawn);
  return resized(withoutAlpha(await pixelsOf(canvas)), drawn, size);
}

/** Shows pixels: RGB, row by row. */
export function show(canvas, pixels, size) {
  canvas.width = canvas.height = size;
  const image = new ImageData(size, size);
  for (let from = 0, to = 0; from < pixels.length; to += 4) {
    image.data[to] = pixels[from++];
    image.data[to + 1] = pixels[from++];
    image.data[to + 2] = pixels[from++];
    image.data[to + 3] = 255;
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
}

function withoutAlpha(rgba) {
  const rgb = new Uint8Array(rgba.length / 4 * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4) {
    rgb[to++] = rgba[from];
    rgb[to++] = rgba[from + 1];
    rgb[to++] = rgba[from + 2];
  }
  return rgb;
}
