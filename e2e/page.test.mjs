// The page in a real browser: node --test
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { start } from './support.mjs';

let world;
let pins;
beforeEach(async () => { world = await start(); pins = await world.pins(); });
afterEach(async () => {
  await world.stop();
  assert.deepEqual(world.errors, [], 'no script failed and nothing was blocked');
});

const PAGES = () => ['/', '/builds', '/activity', '/fleets', '/fleets/1', '/fleets/2', '/fleets/3', '/i/shop/prod', '/i/api/prod', '/i/search/prod', '/i/shop/staging', '/i/mail/prod', '/nothing/here', ...Object.values(pins)];
const badge = (page) => page.locator('.subject-head .badge');
const asked = () => pins.asked;

test('an approver approves with the mouse', async () => {
  const page = await world.signedIn('ann');
  await page.getByText('Waiting for you').waitFor();
  await page.locator('.card.ask a').click();
  assert.equal(new URL(page.url()).pathname, asked());
  await page.getByRole('button', { name: /^Approve/ }).click();
  await badge(page).getByText('Approved').waitFor();
});

test('an approver says yes for three hundred instances, and is asked once more before it counts', async () => {
  const page = await world.signedIn('ann');
  await page.locator('.card.fleet', { hasText: 'F3 · 300 instances' }).getByRole('link').click();
  await page.waitForURL('**/fleets/3');
  assert.equal(await page.locator('.members.asked li').count(), 50);
  await page.locator('#asked > summary').click();
  await page.getByText('Showing 50 of 300').waitFor();
  await page.keyboard.press('a');
  await page.getByText('Pin 9.3.0 in 300 instances of prod?').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Pin');
  await badge(page).getByText('Waiting for approval').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.facts').getByText('ann').waitFor();
  await page.goto(`${world.url}/fleets/2`);
  await page.locator('#cancel summary').click();
  await page.getByText('Nothing more is begun; what is in hand goes to its own end. 10 instances keep 9.2.0.').waitFor();
  await page.locator('#cancel form button').click();
  await badge(page).getByText('Cancelled').waitFor();
});

test('an approver approves with the keyboard alone, and the key by itself decides nothing', async () => {
  const page = await world.signedIn('ann');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${asked()}`);
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Pin 1.42.0 in prod?').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Approve');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await badge(page).getByText('Waiting for approval').waitFor();
  await page.keyboard.press('a');
  await page.keyboard.press('Enter');
  await badge(page).getByText('Approved').waitFor();
});

test('keys lead everywhere, and are off while typing', async () => {
  const page = await world.signedIn('ann');
  await page.keyboard.press('/');
  await page.keyboard.type('g oblog');
  assert.equal(await page.locator('#search').inputValue(), 'g oblog');
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await page.waitForURL('**/builds');
  await page.keyboard.press('?');
  await page.getByText('Keys and legend').waitFor();
  assert.ok(await page.locator('#help').evaluate((fold) => fold.open));
  await page.keyboard.press('Escape');
  assert.ok(!(await page.locator('#help').evaluate((fold) => fold.open)));
  await page.goto(world.url + asked());
  await page.keyboard.press('Escape');
  await page.waitForURL('**/i/shop/prod');
});

test('a phone shows everything in its width, with targets that a finger hits', async () => {
  const options = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
  const page = await world.signedIn('ann', options);
  for (const path of PAGES()) {
    await page.goto(world.url + path);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${path} is ${width} wide`);
    const small = await page.locator('main .button:visible, main input:visible, nav a').evaluateAll((all) =>
      all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML));
    assert.deepEqual(small, [], path);
  }
  await page.goto(world.url + asked());
  const approve = page.getByRole('button', { name: /^Approve/ });
  const box = await approve.boundingBox();
  assert.ok(box.y + box.height <= 740, 'the decision is on the first screen');
  await approve.tap();
  await badge(page).getByText('Approved').waitFor();
});

test('without JavaScript everything is there and an ask can be answered', async () => {
  const page = await world.signedIn('ann', { javaScriptEnabled: false });
  await page.goto(world.url + asked());
  await page.getByText('1.42.0 would run in place of 1.41.3').first().waitFor();
  await page.locator('#reject summary').click();
  await page.locator('#reject input[name=reason]').fill('not on a Friday');
  await page.locator('#reject form button').click();
  await badge(page).getByText('Rejected').waitFor();
  await page.getByText('Rejected by ann: not on a Friday.').first().waitFor();
});

test('what another person does appears by itself, and keeps the focus and what is open', async () => {
  const [ann, bo] = [await world.signedIn('ann'), await world.signedIn('bo')];
  await bo.goto(world.url + asked());
  await bo.locator('#live[data-state=live]').waitFor();
  await bo.locator('#audit > summary').click();
  await bo.locator('#audit > summary').focus();
  await ann.goto(world.url + asked());
  await ann.getByRole('button', { name: /^Approve/ }).click();
  await badge(bo).getByText('Approved').waitFor({ timeout: 4000 });
  assert.ok(await bo.locator('#audit').evaluate((fold) => fold.open && fold.contains(document.activeElement)));
  assert.match(await bo.locator('#said').textContent(), /Approved by ann/);
  assert.match(await bo.title(), /Approved/);
});

test('who may not decide sees whom to ask', async () => {
  const page = await world.signedIn('bo');
  await page.goto(world.url + asked());
  const approve = page.getByRole('button', { name: /^Approve/ });
  assert.ok(await approve.isDisabled());
  await page.getByText('ask one of: ann').first().waitFor();
  await page.keyboard.press('a');
  assert.equal(await page.getByRole('dialog').count(), 0);
});

test('a severe act asks first', async () => {
  const page = await world.signedIn('ann');
  await page.goto(`${world.url}/i/mail/prod`);
  await page.getByText('sale weekend, ask me first').first().waitFor();
  await page.locator('#unlock summary').click();
  await page.getByText('Automatic pins are on again.').waitFor();
  await page.locator('#unlock form button').click();
  await badge(page).getByText('Healthy').waitFor();
});

test('an App tells version, phase and reason in the overview, and on its page all that is wanted to act', async () => {
  const page = await world.signedIn('bo');
  const row = (name) => page.locator(`tr[data-key="${name}"]`);
  await row('shop/staging').getByText('App Ready, 1.42.0').waitFor();
  await row('search/prod').getByText('the migration failed: exit code 1').waitFor();
  await row('search/prod').getByRole('link').first().click();
  const app = page.getByRole('article', { name: 'App search' });
  await app.getByText('pinnace app retry --context prod -n search search').waitFor();
  await app.getByText('column "net_price" does not exist').waitFor();
  await app.getByText('no space left on the volume').waitFor();
  assert.equal(await app.locator('.badge').innerText().then((text) => text.split(/\s/)[0]), 'Error');
  // One click takes the whole command.
  await app.locator('.command code').click();
  assert.equal(await page.evaluate(() => getSelection().toString().trim()), 'pinnace app retry --context prod -n search search');
});

test('dark follows the system, and every page has one heading and a live dot or none', async () => {
  const page = await world.signedIn('ann', { colorScheme: 'dark' });
  for (const path of PAGES()) {
    await page.goto(world.url + path);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body.parentElement).backgroundColor), 'rgb(18, 18, 18)');
    assert.equal(await page.locator('h1').count(), 1, path);
  }
});

test('state words have contrast in light and dark', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await world.signedIn(colorScheme === 'light' ? 'ann' : 'bo', { colorScheme });
    const worst = await page.evaluate(contrasts);
    for (const { word, ratio } of worst) assert.ok(ratio >= 4.5, `${word} in ${colorScheme}: ${ratio}`);
  }
});

test('a server that is killed is seen to be gone, and the page recovers by itself', async () => {
  const page = await world.signedIn('ann');
  await page.locator('#live[data-state=live]').waitFor();
  await world.kill();
  await page.locator('#live[data-state=reconnecting]').getByText('Reconnecting').waitFor();
  await world.startAgain();
  await page.locator('#live[data-state=live]').waitFor({ timeout: 15_000 });
  await page.getByText('Waiting for you').waitFor();
});

// Runs in the browser: the contrast of every state's word against the ground that it stands on.
function contrasts() {
  const numbers = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let up = node; up; up = up.parentElement) {
      const colour = getComputedStyle(up).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  return [...document.querySelectorAll('td.state span, .since, .by, .now, .hint')].map((node) => {
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))];
    return { word: node.textContent, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
  });
}
