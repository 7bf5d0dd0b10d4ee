// Bilinear resizing with antialiasing, to the bit as Pillow does it: first every row, then every
// column, rounded to 8 bits after each.
//
// The canvas has a resizing of its own, but every browser its own one, too.

// Weights are whole numbers of this many bits, so that sums of 8-bit values fit into 32.
const BITS = 22;

/**
 * Resizes a square.
 *
 * @param {Uint8Array} pixels RGB, row by row, side * side * 3 of them.
 * @param {number} side
 * @param {number} size The new side.
 * @returns {Uint8Array} RGB, row by row, size * size * 3 of them.
 */
export function resized(pixels, side, size) {
  if (side === size) return pixels;
  const mixes = mixesOf(side, size);
  // A row of the picture is `side` steps of 3 apart, a column one of side * 3.
  const narrow = mixed(pixels, mixes, {lines: side, line: side * 3, step: 3, toLine: size * 3, toStep: 3});
  return mixed(narrow, mixes, {lines: size, line: 3, step: size * 3, toLine: 3, toStep: size * 3});
}

/** For each new pixel of a line: the first old one that it is mixed from, and the weights. */
function mixesOf(side, size) {
  const scale = side / size;
  // Made smaller, a pixel is a mean over the triangle that reaches to its neighbours' centres.
  const reach = Math.max(scale, 1);
  return Array.from({length: size}, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(side, Math.trunc(centre + reach + 0.5));
    const weights = Array.from({length: end - first}, (_, place) =>
        Math.max(0, 1 - Math.abs((first + place - centre + 0.5) / reach)));
    const sum = weights.reduce((a, b) => a + b);
    return {first, weights: weights.map((weight) => Math.floor(weight / sum * 2 ** BITS + 0.5))};
  });
}

function mixed(pixels, mixes, {lines, line, step, toLine, toStep}) {
  const result = new Uint8Array(lines * mixes.length * 3);
  for (let l = 0; l < lines; l++) {
    mixes.forEach(({first, weights}, index) => {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 2 ** (BITS - 1);
        let from = l * line + first * step + channel;
        for (const weight of weights) {
          sum += pixels[from] * weight;
          from += step;
        }
        result[l * toLine + index * toStep + channel] = Math.min(255, sum >> BITS);
      }
    });
  }
  return result;
}
