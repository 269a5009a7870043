// The main job in a real browser, on real parts: `pinnace demo`, pressed by a visitor. Needs PINNACE, the binary.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { browse, watch } from './support.mjs';

const BINARY = process.env.PINNACE;
const skip = BINARY ? false : 'PINNACE does not name the binary';
const SLOW = 90_000;
const errors = [];
let demo;
let browser;
let page;

// Ends a demo that never says its address, with what it said.
function address(process) {
  const lines = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: process.stdout }).on('line', (line) => {
      lines.push(line);
      const link = line.match(/https?:\/\/\S+\/sign-in\/\S+/);
      if (link) resolve(link[0]);
    });
    process.once('error', reject);
    process.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${lines.join('\n')}`)));
  });
}

before(async () => {
  if (skip) return;
  demo = spawn(BINARY, ['demo'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const link = await address(demo);
  browser = await browse();
  page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
  page.setDefaultTimeout(SLOW);
  watch(page, errors);
  await page.goto(link);
  await page.getByRole('button', { name: 'Sign in' }).click();
}, { timeout: 2 * SLOW });

after(async () => {
  await browser?.close();
  if (!demo || demo.exitCode !== null) return;
  const ended = once(demo, 'exit');
  demo.kill('SIGTERM');
  await ended;
});

const badge = () => page.locator('.subject-head .badge');
const review = async () => {
  await page.getByRole('link', { name: 'Overview' }).first().click();
  await page.locator('.card.ask a').first().click();
};
const press = (name) => page.getByRole('button', { name, exact: true }).click();

test('a build is approved with the mouse, proven, and recorded in git', { skip, timeout: SLOW }, async () => {
  await review();
  await badge().getByText('Waiting for approval').waitFor();
  await page.locator('#git-diff').getByText('image:').first().waitFor();
  await page.getByRole('button', { name: /^Approve/ }).click();
  await badge().getByText('Recorded').waitFor();
  assert.equal(await page.locator('.step.done').count(), 7);
});

test('a version that crashes is approved with the keyboard, dropped, and its last lines are shown', { skip, timeout: SLOW }, async () => {
  await press('Break it');
  await page.getByRole('link', { name: 'Overview' }).first().click();
  await page.locator('.card.ask').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await badge().getByText('Waiting for approval').waitFor();
  await page.keyboard.press('a');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await badge().getByText('Failed, dropped').waitFor();
  await page.getByText('The cluster is back on').first().waitFor();
  assert.ok((await page.locator('.log pre').innerText()).length > 0);
});

test('what somebody changed by hand is put right, and who did it is said', { skip, timeout: SLOW }, async () => {
  await page.locator('.crumbs a').last().click();
  await press('Edit by hand');
  await page.goto(new URL('/', page.url()).href);
  await page.locator('table.instances .cover').first().click();
  await page.locator('#repaired').getByText('kubectl-edit').first().waitFor();
});

test('what would be done, and the objects, can be looked at where the instance is', { skip, timeout: SLOW }, async () => {
  await page.getByRole('link', { name: 'Plan', exact: true }).click();
  await page.locator('#looked').getByText('Nothing would change').waitFor();
  await page.locator('#sync summary').waitFor();
  await page.getByRole('link', { name: 'Objects', exact: true }).click();
  await page.locator('#looked pre').getByText('kind: Deployment').first().waitFor();
  await page.getByRole('link', { name: 'Diff', exact: true }).click();
  await page.locator('#looked').getByText('are the same for this instance').waitFor();
  await page.getByRole('link', { name: 'Take over', exact: true }).click();
  await page.locator('#looked').getByText('Nothing that git has for this instance').waitFor();
});

test('a version that git does not take runs unrecorded, and is recorded when git is mended', { skip, timeout: 2 * SLOW }, async () => {
  await press('Cut git');
  await press('New build');
  await page.getByRole('link', { name: 'Overview' }).first().click();
  await review();
  await page.getByRole('button', { name: /^Approve/ }).click();
  await badge().getByText('Runs, not yet recorded').waitFor();
  await press('Mend git');
  // It is tried again by itself as well, and may be faster than the visitor, who is then told so on a page of its own.
  const pin = page.url();
  await page.getByRole('button', { name: /^Record now/ }).click({ timeout: 2000 }).catch(() => {});
  if (page.url() !== pin) await page.goto(pin);
  await badge().getByText('Recorded').waitFor();
});

test('no script failed and nothing was blocked', { skip }, () => assert.deepEqual(errors, []));
