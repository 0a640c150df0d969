import { expect, test } from 'vitest';
import { deviceName } from './device';

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

test.each([
  [CHROME, 'Chrome on Linux'],
  [`${CHROME} Edg/142.0`, 'Edge on Linux'],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox on Windows'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605 Version/18.1 Mobile Safari/604.1', 'Safari on iPhone'],
  ['Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537 Chrome/142.0 Mobile Safari/537', 'Chrome on Android'],
  ['python-httpx/0.28.1', 'python-httpx'],
  ['noughts on the command line', 'noughts'],
  ['', 'An unknown device'],
  [null, 'An unknown device'],
])('%s is called %s', (agent, name) => {
  expect(deviceName(agent)).toBe(name);
});
