// The README's picture: node picture.mjs
import { start } from './support.mjs';

const world = await start();
const page = await world.signedIn('ann', { viewport: { width: 1200, height: 860 } });
await page.locator('#live[data-state=live]').waitFor();
await page.mouse.move(0, 0);
await page.screenshot({ path: new URL('../docs/page.png', import.meta.url).pathname });
await world.stop();
