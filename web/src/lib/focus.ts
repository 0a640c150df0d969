/** Where the reader goes on when what had the focus is gone. */
let begun = false;
for (const input of ['keydown', 'pointerdown']) addEventListener(input, () => (begun = true), { capture: true });

/** Leads to the screen's heading, unless the reader is somewhere already or has only just come. */
export function settle(): void {
  if (begun && (!document.activeElement || document.activeElement === document.body)) document.querySelector('h1')?.focus();
}
