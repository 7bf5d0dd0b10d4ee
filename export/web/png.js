// A PNG file of pixels and nothing else.
//
// The canvas writes PNG files too, but some browsers change a canvas's pixels when it is read, to
// keep it from identifying the user; the server must get exactly what the protector made.

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const EIGHT_BIT_RGB = [8, 2, 0, 0, 0];

/**
 * Writes a square as a PNG file.
 *
 * @param {Uint8Array} pixels RGB, row by row.
 * @param {number} size Its side.
 * @returns {Promise<Uint8Array>} The file.
 */
export async function png(pixels, size) {
  const length = size * 3;
  const rows = new Uint8Array(size * (length + 1));
  for (let row = 0; row < size; row++) {
    // The byte before each row says that it is stored as it is.
    rows.set(pixels.subarray(row * length, (row + 1) * length), row * (length + 1) + 1);
  }
  const header = [...bigEndian(size), ...bigEndian(size), ...EIGHT_BIT_RGB];
  return joined(
      SIGNATURE, chunk('IHDR', header), chunk('IDAT', await compressed(rows)), chunk('IEND', []));
}

function chunk(name, content) {
  const body = joined(new TextEncoder().encode(name), content);
  return joined(bigEndian(content.length), body, bigEndian(checksum(body)));
}

async function compressed(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** CRC-32, as PNG's specification defines it. */
function checksum(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function bigEndian(number) {
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255];
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}
