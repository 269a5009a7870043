// The page works without this. It adds: live updates, keys, relative times, and buttons that answer at once.
const main = document.getElementById('main');
const said = document.getElementById('said');
const dot = document.getElementById('live');
const staleNote = document.getElementById('stale');

// ---- Times -------------------------------------------------------------------------------------------------------
const STEPS = [[60, 's', 1], [3600, 'min', 60], [86400, 'h', 3600], [7 * 86400, 'days', 86400]];

function words(seconds) {
  const away = Math.abs(seconds);
  if (away < 5) return 'just now';
  const step = STEPS.find(([below]) => away < below);
  if (!step) return null;
  const count = Math.floor(away / step[2]);
  const text = step[1] === 'days' && count === 1 ? '1 day' : `${count} ${step[1]}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function tellTimes() {
  for (const time of document.querySelectorAll('time[datetime]')) {
    const text = words((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (text && time.textContent !== text) time.textContent = text;
  }
}

// ---- Morphing: the new page into the old one, keeping focus, what is typed and what is open ---------------------------
const KEPT = new Set(['open', 'data-pending']);

function sameKind(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);
}

function key(node) {
  return node.nodeType === 1 ? node.id || node.dataset.key || '' : '';
}

function morph(from, to) {
  for (const { name, value } of [...to.attributes]) {
    if (!KEPT.has(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    if (!KEPT.has(name) && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  if (from.nodeName === 'INPUT') return;
  morphChildren(from, to);
}

function morphChildren(from, to) {
  let old = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    let match = old;
    if (!match || !sameKind(match, wanted)) {
      match = null;
      for (let later = old; key(wanted) && later; later = later.nextSibling) {
        if (sameKind(later, wanted)) { match = later; break; }
      }
      if (match) from.insertBefore(match, old);
    }
    if (!match) {
      from.insertBefore(document.importNode(wanted, true), old);
      continue;
    }
    if (match === old) old = old.nextSibling;
    if (match.nodeType === 1) { if (!match.isEqualNode(wanted)) morph(match, wanted); }
    else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
  }
  while (old) {
    const next = old.nextSibling;
    old.remove();
    old = next;
  }
}

// ---- Reading the page again -------------------------------------------------------------------------------------------
let reading = false;
let again = false;

// Rows do not jump under the pointer or the keyboard: a new order waits until they leave, or until it is asked for.
function inUse(list) {
  return list.matches(':hover') || list.contains(document.activeElement);
}

function order(list) {
  return [...list.children].map((row) => row.dataset.key).join('\n');
}

function keepOrder(fresh) {
  let waiting = false;
  for (const list of fresh.querySelectorAll('[data-stable]')) {
    const shown = main.querySelector('[data-stable]');
    if (!shown || !inUse(shown) || order(shown) === order(list)) continue;
    const rows = new Map([...list.children].map((row) => [row.dataset.key, row]));
    const before = [...shown.children].map((row) => rows.get(row.dataset.key)).filter(Boolean);
    const added = [...list.children].filter((row) => !before.includes(row));
    list.replaceChildren(...before, ...added);
    waiting = true;
  }
  offerOrder(waiting);
}

function offerOrder(waiting) {
  const shown = document.getElementById('news');
  if (!waiting) return shown?.remove();
  if (shown) return;
  const button = document.createElement('button');
  button.id = 'news';
  button.className = 'button news';
  button.type = 'button';
  button.textContent = 'New order – show';
  button.onclick = () => { document.activeElement?.blur(); button.remove(); refresh(true); };
  main.after(button);
}

async function refresh(reorder = false) {
  const path = main.dataset.live;
  if (!path) return;
  if (reading) { again = true; return; }
  reading = true;
  try {
    const answer = await fetch(path, { headers: { accept: 'text/html' }, cache: 'no-store' });
    if (new URL(answer.url).pathname === '/sign-in') { location.reload(); return; }
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('main');
    if (!fresh) return;
    keepCompared(fresh);
    if (!reorder) keepOrder(fresh);
    show(fresh);
  } catch { /* the dot says that the server can't be reached */ } finally {
    reading = false;
    if (again) { again = false; refresh(); }
  }
}

function show(fresh) {
  const before = main.dataset.said;
  morph(main, fresh);
  tellTimes();
  if (document.title !== main.dataset.title) document.title = main.dataset.title;
  const icon = document.querySelector('link[rel=icon]');
  if (icon.getAttribute('href') !== main.dataset.icon) icon.setAttribute('href', main.dataset.icon);
  if (main.dataset.said !== before) said.textContent = main.dataset.said;
}

// ---- What the cluster says is asked for apart, since it may be slow -------------------------------------------------
function keepCompared(fresh) {
  const [shown, wanted] = [document.getElementById('compared'), fresh.querySelector('#compared')];
  if (shown?.dataset.filled && wanted) { keep(shown, wanted); wanted.dataset.filled = '1'; }
  const [looked, blank] = [document.getElementById('looked'), fresh.querySelector('#looked')];
  if (looked && blank) keep(looked, blank);
}

function keep(shown, wanted) { wanted.replaceChildren(...[...shown.childNodes].map((n) => n.cloneNode(true))); }

async function compare() {
  const place = document.getElementById('compared');
  if (!place || document.hidden) return;
  try {
    const answer = await fetch(place.dataset.refresh, { cache: 'no-store' });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('compared');
    if (fresh) { fresh.dataset.filled = '1'; morph(place, fresh); }
  } catch { /* asked again soon */ }
}

// ---- The stream: one for all tabs of a browser where the browser can arrange it -------------------------------------
const STALE_AFTER = 60_000;
const POLL = 10_000;
let heard = Date.now();
let stream = null;
const tabs = 'BroadcastChannel' in window ? new BroadcastChannel('pinnace-live') : null;

function state(name) {
  dot.hidden = false;
  const since = new Date(heard).toTimeString().slice(0, 5);
  const text = { live: 'Live', reconnecting: 'Reconnecting', stale: `Stale since ${since}` }[name];
  if (dot.dataset.state === name && name !== 'stale') return;
  dot.dataset.state = name;
  dot.querySelector('.word').textContent = text;
  document.body.classList.toggle('stale', name === 'stale');
  staleNote.hidden = name !== 'stale';
  staleNote.textContent = name === 'stale' ? `The server can't be reached since ${since}. What you see may be out of date; instances go on as they are.` : '';
}

function onLive(message) {
  if (message.kind === 'state') {
    if (message.state === 'live') heard = Date.now();
    state(message.state);
  } else {
    heard = Date.now();
    state('live');
    refresh();
  }
}

function tell(message) {
  tabs?.postMessage(message);
  onLive(message);
}

function openStream() {
  stream = new EventSource('/live');
  stream.addEventListener('change', () => tell({ kind: 'change' }));
  stream.onopen = () => tell({ kind: 'state', state: 'live' });
  stream.onerror = () => {
    tell({ kind: 'state', state: Date.now() - heard > STALE_AFTER ? 'stale' : 'reconnecting' });
    // A browser gives up after an answer that is no stream; we do not.
    if (stream.readyState === EventSource.CLOSED) setTimeout(openStream, 3000);
  };
}

function follow() {
  if (!main.dataset.live) return;
  if (tabs) tabs.onmessage = (event) => onLive(event.data);
  if (tabs && navigator.locks) {
    state('live');
    navigator.locks.request('pinnace-live', () => new Promise(openStream));
  } else {
    openStream();
  }
  setInterval(() => {
    if (dot.dataset.state !== 'live' && Date.now() - heard > STALE_AFTER) { state('stale'); refresh(); }
  }, POLL);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) { refresh(); compare(); } });
  if (document.getElementById('compared')) { compare(); setInterval(compare, POLL / 2); }
}

// ---- Buttons answer at once -------------------------------------------------------------------------------------------
document.addEventListener('submit', (event) => {
  const button = event.submitter ?? event.target.querySelector('button');
  if (!event.target.dataset.verb || !button) return;
  if (button.dataset.pending) { event.preventDefault(); return; }
  button.dataset.pending = '1';
  button.textContent = `${event.target.dataset.verb} …`;
});
// Back from the history: nothing is pending any more.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

// ---- Keys -----------------------------------------------------------------------------------------------------------
let leader = '';

function lines() {
  return [...main.querySelectorAll('[data-line] .cover')].filter((link) => link.offsetParent !== null);
}

function move(by) {
  const all = lines();
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

// "a" only asks: the dialog, or the question that stands there already, gets the focus, and Enter there is the decision.
function askToApprove() {
  const fold = main.querySelector('details#approve');
  if (fold) { fold.open = true; fold.querySelector('form button').focus(); return; }
  const form = main.querySelector('form#approve');
  if (!form || document.querySelector('dialog[open]')) return;
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'confirm-title');
  const title = Object.assign(document.createElement('p'), { className: 'title', id: 'confirm-title', textContent: form.dataset.question });
  const text = Object.assign(document.createElement('p'), { textContent: form.dataset.text });
  const row = Object.assign(document.createElement('div'), { className: 'row' });
  const yes = Object.assign(document.createElement('button'), { className: 'button primary', type: 'button', textContent: 'Approve' });
  const no = Object.assign(document.createElement('button'), { className: 'button', type: 'button', textContent: 'Not now' });
  yes.onclick = () => { dialog.close(); form.requestSubmit(form.querySelector('button')); };
  no.onclick = () => dialog.close();
  dialog.onclose = () => dialog.remove();
  row.append(yes, no);
  dialog.append(title, text, row);
  document.body.append(dialog);
  dialog.showModal();
  yes.focus();
}

function back() {
  const open = document.activeElement?.closest('details[open]') ?? document.querySelector('#help[open]');
  if (open) { open.open = false; open.querySelector('summary').focus(); return; }
  if (document.activeElement && document.activeElement !== document.body) { document.activeElement.blur(); return; }
  const crumbs = main.querySelectorAll('.crumbs a');
  if (crumbs.length) location.href = crumbs[crumbs.length - 1].href;
}

function help() {
  const fold = document.getElementById('help');
  fold.open = !fold.open;
  if (fold.open) { fold.querySelector('summary').focus(); fold.scrollIntoView({ block: 'end' }); }
}

const KEYS = {
  '/': () => document.getElementById('search').select(),
  '?': help,
  j: () => move(1),
  k: () => move(-1),
  a: askToApprove,
  g: () => { leader = 'g'; setTimeout(() => { leader = ''; }, 1500); },
  Escape: back,
};
const PLACES = { o: '/', b: '/builds', a: '/activity' };

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.('input, textarea, select, [contenteditable]');
  if (typing) { if (event.key === 'Escape') typing.blur(); return; }
  if (document.querySelector('dialog[open]')) return;
  if (leader === 'g' && PLACES[event.key]) { location.href = PLACES[event.key]; event.preventDefault(); return; }
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

tellTimes();
setInterval(tellTimes, 10_000);
follow();
