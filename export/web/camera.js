// Takes a picture with the camera. Its video is shown in the page and goes nowhere else.

const dialog = document.getElementById('camera-dialog');
const video = document.getElementById('video');
const shutter = document.getElementById('shutter');
const status = document.getElementById('camera-status');

/** Says whether there can be a camera: browsers offer none to pages loaded over plain HTTP. */
export const hasCamera = Boolean(navigator.mediaDevices?.getUserMedia);

let openings = 0;

/**
 * Opens the camera.
 *
 * @param {(video: HTMLVideoElement) => Promise<void>} take Called when the user takes a picture.
 */
export async function openCamera(take) {
  const mine = ++openings;
  // Closed, or opened anew, while the browser asked for permission or the picture was taken.
  const isOver = () => mine !== openings || !dialog.open;
  turnOff();
  shutter.disabled = true;
  status.textContent = 'Waiting for the camera';
  shutter.onclick = async () => {
    await take(video);
    if (!isOver()) dialog.close();
  };
  dialog.showModal();
  try {
    const stream = await navigator.mediaDevices.getUserMedia(
        {audio: false, video: {facingMode: 'environment'}});
    if (isOver()) return stop(stream);
    video.srcObject = stream;
    await video.play();
    if (isOver()) return;
    status.textContent = 'Nothing leaves this browser when you take the picture.';
    shutter.disabled = false;
    shutter.focus();
  } catch (error) {
    if (isOver()) return;
    status.textContent = error.name === 'NotAllowedError' ?
        'The camera is not allowed for this page.' : 'No camera can be used.';
  }
}

document.getElementById('camera-close').addEventListener('click', () => dialog.close());
dialog.addEventListener('close', () => {
  // The browser tells of it later, when it may have been opened again.
  if (!dialog.open) turnOff();
});

function turnOff() {
  stop(video.srcObject);
  video.srcObject = null;
}

function stop(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
