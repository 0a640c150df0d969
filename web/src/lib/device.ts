/** What a browser calls itself, in words its owner recognises. */

const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?(iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'Mac'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

const first = (agent: string, of: [RegExp, string][]) => of.find(([sign]) => sign.test(agent))?.[1];

/** "Firefox on Linux"; of a program that is no browser, the name it gives. */
export function deviceName(agent: string | null | undefined): string {
  if (!agent) return 'An unknown device';
  const browser = first(agent, BROWSERS);
  const system = first(agent, SYSTEMS);
  if (browser) return system ? `${browser} on ${system}` : browser;
  return agent.split(/[\s/(]/)[0] || 'An unknown device';
}
