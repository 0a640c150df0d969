import { svelte } from '@sveltejs/vite-plugin-svelte';
import { loadEnv } from 'vite';
import { defineConfig } from 'vitest/config';

const server = loadEnv('development', '.', 'NOUGHTS_')['NOUGHTS_SERVER'] ?? 'http://localhost:8000';

/** What a page route looks like; in development everything else is asked of the running server. */
const api = '^/(?!$|@|src/|assets/|node_modules/|play/|lobby$|leaderboard$|settings$|admin$|verify$|recover$)';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../src/noughts/gateway/page',
    emptyOutDir: true,
    // The content security policy allows no inlined scripts, so nothing may be folded into the HTML.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      // The lobby is a screen for who navigates there, and a call for everybody else.
      '^/lobby$': { target: server, changeOrigin: true, bypass: (asked) => (asked.headers.accept?.includes('text/html') ? '/index.html' : undefined) },
      [api]: { target: server, changeOrigin: true, headers: { origin: server } },
    },
  },
  test: { include: ['src/**/*.test.ts'] },
});
