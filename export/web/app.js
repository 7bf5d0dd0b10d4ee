// The page: a picture comes in, is protected and shown, and is sent when the user says so.

import {showAnswer, showMessage} from './answer.js';
import {hasCamera, openCamera} from './camera.js';
import {decoded, show, square} from './picture.js';
import {Protector} from './protector.js';
import {readsExactly} from './reading.js';
import {classified, ledger} from './server.js';

const at = (id) => document.getElementById(id);
const controls = [at('file'), at('camera'), at('example'), at('size')];

let protector;
let source;  // The picture as it was given, an ImageBitmap: sizes can be changed without it again.
let ready;   // What can be sent: {plain, pixels, size}, or undefined.
let sent = [];   // Sizes at which it was sent, or is being sent.
let given = 0;   // How many pictures have been given,
let taken = 0;   // the number of the last one that could be decoded,
let latest = 0;  // and how often one has been protected, for each size anew.

/**
 * Takes a new picture.
 *
 * @param {Blob|HTMLVideoElement|Promise<Blob>} from
 */
async function take(from) {
  const mine = ++given;
  try {
    const bitmap = await decoded(await from);
    if (mine < taken) return;  // One that was given later has been taken already.
    taken = mine;
    source = bitmap;
    sent = [];
  } catch (error) {
    // One that cannot be decoded leaves the one before it as it is.
    if (mine > taken) say(error.message, {error: true});
    return;
  }
  await protect();
}

/** Fetches the picture that comes with the page. */
async function example() {
  try {
    const response = await fetch('example.jpg');
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return await response.blob();
  } catch (error) {
    throw new Error(`the example cannot be loaded: ${error.message}`);
  }
}

/** Protects the picture at the chosen size, and shows both. */
async function protect() {
  const mine = ++latest;
  ready = undefined;
  at('send').disabled = true;
  say('Protecting');
  try {
    const size = Number(at('size').value);
    const plain = await square(source, size);
    const pixels = await protector.protect(plain, size);
    if (mine !== latest) return;
    ready = {plain, pixels, size};
  } catch (error) {
    if (mine === latest) say(`it cannot be protected: ${error.message}`, {error: true});
    return;
  }
  showPair(ready);
  at('send').disabled = false;
  if (sent.length) {
    showMessage(at('answer'), 'None yet of what is shown now.');
    say(`Protected in this browser. This picture was sent before, at ${sent.join(', ')}.`);
  } else {
    showMessage(at('answer'), 'None yet: this picture has not been sent.');
    say('Protected in this browser. Nothing of this picture has been sent.');
  }
}

function showPair({plain, pixels, size}) {
  show(at('plain'), plain, size);
  show(at('protected'), pixels, size);
  at('plain').setAttribute('aria-label', `Your picture, ${size} by ${size} pixels`);
  at('protected').setAttribute('aria-label', 'The protected picture, which is what would be sent');
}

async function send() {
  const asked = ready;
  const sizes = sent;
  at('send').disabled = true;
  sizes.push(asked.size);
  showMessage(at('answer'), 'Waiting for the server');
  try {
    const answer = await classified(asked.pixels, asked.plain, asked.size, protector.draws);
    if (asked === ready) {
      showAnswer(at('answer'), answer);
      say('The protected picture has been sent.');
    }
  } catch (error) {
    if (error.unsent) sizes.pop();
    if (asked === ready) showMessage(at('answer'), sentence(error.message), {error: true});
  } finally {
    showLedger();
    at('send').disabled = !ready;
  }
}

function showLedger() {
  at('requests').textContent = ledger.requests.toLocaleString('en');
  at('bytes').textContent = ledger.bytes.toLocaleString('en');
  at('protected-pixels').textContent = ledger.protectedPixels.toLocaleString('en');
  at('plain-pixels').textContent = ledger.plainPixels.toLocaleString('en');
  at('last-request').textContent = ledger.last;
  at('last').hidden = !ledger.last;
}

function say(text, {error = false} = {}) {
  at('status').textContent = error ? sentence(text) : text;
  at('status').classList.toggle('error', error);
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function listen() {
  at('file').addEventListener('change', ({target}) => {
    if (target.files[0]) take(target.files[0]);
    target.value = '';  // So that the same file can be chosen again.
  });
  at('size').addEventListener('change', () => source && protect());
  at('send').addEventListener('click', send);
  at('example').addEventListener('click', () => take(example()));
  at('camera').hidden = !hasCamera;
  at('camera').addEventListener('click', () => openCamera(take));

  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dragging');
  });
  document.addEventListener('dragleave', () => document.body.classList.remove('dragging'));
  document.addEventListener('drop', (event) => {
    // Without this the browser would open the file, and leave the page.
    event.preventDefault();
    document.body.classList.remove('dragging');
    const [file] = event.dataTransfer.files;
    if (file && protector) take(file);
  });
}

listen();
at('host').textContent = location.host;
try {
  protector = await Protector.load();
  at('size').replaceChildren(
      ...protector.sizes.map((size) => new Option(`${size} × ${size}`, size)));
  controls.forEach((control) => { control.disabled = false; });
  at('changed').hidden = await readsExactly();
  say('Ready. The protector runs in this browser.');
} catch (error) {
  say(error.message, {error: true});
}
