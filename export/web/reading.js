// The pixels of a canvas, as they were drawn.
//
// Some browsers change a canvas's pixels a little when a page reads them, lest it recognise the
// user by them, and a few changed bits can make another protected picture. So it is tried out with
// known pixels which way of reading is exact.

const TRIED_SIDE = 128;

let chosen;

/**
 * Reads a canvas.
 *
 * @param {OffscreenCanvas} canvas Opaque; what it shows is lost.
 * @returns {Promise<Uint8ClampedArray>} RGBA, row by row.
 */
export async function pixelsOf(canvas) {
  return ((await exactReader()) ?? fromCanvas)(canvas);
}

/** Says whether this browser lets a page read what was drawn. */
export async function readsExactly() {
  return Boolean(await exactReader());
}

function exactReader() {
  chosen ??= (async () => {
    for (const reader of [fromCanvas, fromFrame]) {
      if (await isExact(reader)) return reader;
    }
  })();
  return chosen;
}

function fromCanvas(canvas) {
  return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
}

/** As a picture of a film, which is only offered on HTTPS and on this machine. */
async function fromFrame(canvas) {
  const {width, height} = canvas;
  const frame = new VideoFrame(canvas.transferToImageBitmap(), {timestamp: 0});
  const data = new Uint8ClampedArray(width * height * 4);
  try {
    await frame.copyTo(data, {format: 'RGBA', layout: [{offset: 0, stride: width * 4}]});
  } finally {
    frame.close();
  }
  return data;
}

async function isExact(reader) {
  const known = new ImageData(TRIED_SIDE, TRIED_SIDE);
  // Numbers that look like noise, but are the same each time.
  for (let place = 0, value = 1; place < known.data.length; place++) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    known.data[place] = place % 4 === 3 ? 255 : value >>> 24;
  }
  try {
    const canvas = opaqueCanvas(TRIED_SIDE);
    canvas.getContext('2d').drawImage(await createImageBitmap(known), 0, 0);
    const read = await reader(canvas);
    return known.data.every((value, place) => value === read[place]);
  } catch {
    return false;
  }
}

/** Makes a square canvas, white all over. */
export function opaqueCanvas(side) {
  const canvas = new OffscreenCanvas(side, side);
  // willReadFrequently keeps it off the graphics card, whose drivers round in their own ways.
  const context = canvas.getContext('2d', {willReadFrequently: true, colorSpace: 'srgb'});
  context.fillStyle = '#fff';
  context.fillRect(0, 0, side, side);
  return canvas;
}
