// Shows what the server says.

const SHOWN = 5;

// A server names the first class only; the others are known once they were first.
const names = new Map();

/** Shows the most probable classes as labelled bars. */
export function showAnswer(place, {label, class_id: first, probabilities}) {
  names.set(first, label);
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const list = element('ol', 'answers');
  for (const classId of order.slice(0, SHOWN)) {
    const name = names.get(classId) ?? `class ${classId}`;
    list.append(row(name, probabilities[classId]));
  }
  place.replaceChildren(list);
}

/** Shows one line instead of an answer. */
export function showMessage(place, text, {error = false} = {}) {
  place.replaceChildren(element('p', error ? 'status error' : 'hint', text));
}

function row(name, probability) {
  const item = element('li');
  const track = element('div', 'track');
  const bar = element('div', 'bar');
  track.setAttribute('aria-hidden', 'true');
  track.append(bar);
  const percent = `${(probability * 100).toFixed(1)}%`;
  item.append(element('span', 'label', name), element('span', 'percent', percent), track);
  // From zero, in the next picture of the page, so that the bar grows.
  requestAnimationFrame(() => { bar.style.width = percent; });
  return item;
}

function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
