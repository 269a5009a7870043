// A server of ours with a pin in each state, and a browser to look at it with.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const TARGET = process.env.CARGO_TARGET_DIR ?? new URL('../target', import.meta.url).pathname;
const SERVER = process.env.PINNACE_STATES ?? `${TARGET}/debug/examples/states`;
const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

async function serve(args) {
  const server = spawn(SERVER, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: server.stdout }).once('line', resolve);
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`${SERVER} ended with ${code}`)));
  });
  server.removeAllListeners('exit');
  return { server, ...JSON.parse(line) };
}

async function kill(server) {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
}

// A browser without a window.
export const browse = () => chromium.launch({ executablePath: BROWSER, args: ARGS });

export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'pinnace-e2e-'));
  const { server, url, ...links } = await serve(['0', folder]);
  const browser = await browse();
  const world = { url, browser, server, errors: [] };

  // A page of somebody who is signed in. Errors of scripts and blocked content are collected.
  world.signedIn = async (person, options = {}) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    watch(page, world.errors);
    await page.goto(links[person].shift());
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${url}/`);
    return page;
  };

  // The address of the newest pin of each stage.
  world.pins = async () => {
    const page = await world.signedIn('ann');
    const list = await page.evaluate(() => fetch('/api/v1/pins').then((answer) => answer.json()));
    await page.context().close();
    const byStage = {};
    for (const pin of list.items) byStage[pin.stage] ??= `/pins/${pin.number}`;
    return byStage;
  };

  // The server is killed in the middle, and comes back at the same address with the same data.
  world.kill = () => kill(world.server);
  world.startAgain = async () => { world.server = (await serve([new URL(url).port, folder])).server; };

  world.stop = async () => {
    await browser.close();
    await kill(world.server);
    rmSync(folder, { recursive: true });
  };
  return world;
}

// Collects errors of scripts and blocked content.
export function watch(page, errors) {
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // What the server refuses on purpose, and a server that is gone, are told in the console as well.
    if (message.type() === 'error' && !/status of (4|5)\d\d|ERR_CONNECTION|ERR_INCOMPLETE/.test(message.text())) errors.push(message.text());
  });
}
