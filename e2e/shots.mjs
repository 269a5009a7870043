// Pictures of every page in light, dark and phone width, for looking at: node shots.mjs [folder]
import { mkdirSync } from 'node:fs';
import { start } from './support.mjs';

const folder = process.argv[2] ?? 'shots';
mkdirSync(folder, { recursive: true });
const world = await start();
const kinds = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: 'light', isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};
const pins = await world.pins();
const pages = {
  overview: '/', asked: pins.asked, dropped: pins.dropped, watching: pins.watching, unrecorded: pins.committed, done: pins.done,
  fleetAsked: '/fleets/3', fleetRuns: '/fleets/2', fleetStopped: '/fleets/1', fleets: '/fleets', instance: '/i/shop/prod', held: '/i/blog/prod', appReady: '/i/shop/staging', appMigrating: '/i/api/staging', appFailed: '/i/search/prod', appPaused: '/i/mail/prod', builds: '/builds', activity: '/activity', nothing: '/nothing', signin: '/sign-in',
};
for (const [kind, options] of Object.entries(kinds)) {
  const page = await world.signedIn('ann', options);
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(world.url + path);
    await page.screenshot({ path: `${folder}/${name}-${kind}.png`, fullPage: true });
  }
  await page.context().close();
}
await world.stop();
