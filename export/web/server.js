// The only way out of this page: protected pictures go to the server, and are counted.

import {png} from './png.js';

const PREDICT = new URL('v1/models/classifier:predict', document.baseURI).href;
const TIMEOUT = 30_000;

/** What has left this browser. */
export const ledger = {requests: 0, bytes: 0, protectedPixels: 0, plainPixels: 0, last: ''};

/**
 * Has a protected picture classified.
 *
 * @param {Uint8Array} pixels The protected picture: RGB, row by row.
 * @param {Uint8Array} plain The plain picture, to see that nothing of it is sent.
 * @param {number} size Side of both.
 * @param {boolean} drawn Whether noise made it: then it is sent, whatever it is, as to look at the
 *     plain picture once more would tell of it.
 * @returns {Promise<{label: string, class_id: number, probabilities: number[]}>}
 */
export async function classified(pixels, plain, size, drawn) {
  const same = samePixels(pixels, plain);
  if (!drawn && changesTooLittle(same, pixels, plain)) {
    const refusal = new Error('the protector changes too little of this picture; nothing was sent');
    throw Object.assign(refusal, {unsent: true});
  }
  const b64 = base64(await png(pixels, size));
  const body = JSON.stringify(
      {signature_name: 'encoded', instances: [{image_bytes: {b64}}]}, null, 1);
  ledger.requests += 1;
  ledger.bytes += body.length;
  ledger.protectedPixels += pixels.length / 3 - same;
  ledger.plainPixels += same;
  ledger.last = `POST ${PREDICT}\n\n${body}`;
  return predictionIn(await post(body));
}

/**
 * As the Python client does it: one pixel in a hundred may be as it was, and as many as would be by
 * chance, but never more than half.
 */
function changesTooLittle(same, pixels, plain) {
  const count = pixels.length / 3;
  if (same <= count / 100) return false;
  const [some, others] = [coloursOf(pixels), coloursOf(plain)];
  let alike = 0;
  for (const [colour, times] of some) alike += times * (others.get(colour) ?? 0);
  const byChance = Math.min(alike / count / count, 0.5);
  return same / count > byChance + 0.01 * (1 - byChance);
}

function coloursOf(pixels) {
  const colours = new Map();
  for (let at = 0; at < pixels.length; at += 3) {
    const colour = pixels[at] << 16 | pixels[at + 1] << 8 | pixels[at + 2];
    colours.set(colour, (colours.get(colour) ?? 0) + 1);
  }
  return colours;
}

async function post(body) {
  try {
    return await fetch(PREDICT, {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body,
      mode: 'same-origin',
      redirect: 'error',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    throw new Error(
        error.name === 'TimeoutError' ? 'the server did not answer in time; try again' :
                                        'the server cannot be reached; try again');
  }
}

async function predictionIn(response) {
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const reason = typeof answer.error === 'string' ? answer.error : 'without a reason';
    const busy = [429, 503, 504].includes(response.status);
    throw new Error(
        response.status === 422 ? `the server refused the picture: ${reason}` :
        busy                    ? 'the server is busy; try again in a moment' :
                                  `the server answered ${response.status}: ${reason}`);
  }
  const [prediction] = answer.predictions ?? [];
  const {label, class_id: classId, probabilities} = prediction ?? {};
  if (typeof label !== 'string' || !Array.isArray(probabilities) || !(classId in probabilities)) {
    throw new Error('the server does not answer as a classifier of tfppdnn does');
  }
  return prediction;
}

/** How many pixels of both pictures are the same at the same place. */
function samePixels(one, other) {
  let same = 0;
  for (let i = 0; i < one.length; i += 3) {
    same += one[i] === other[i] && one[i + 1] === other[i + 1] && one[i + 2] === other[i + 2];
  }
  return same;
}

function base64(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
