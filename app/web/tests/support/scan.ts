/** Reads a QR code as a camera does, with a decoder that knows nothing of how the page draws it. */

import type { Locator } from '@playwright/test';
import jsQR from 'jsqr';

export async function scanned(picture: Locator): Promise<string | undefined> {
  const { side, dark } = await picture.evaluate((svg: SVGSVGElement) => ({
    side: svg.viewBox.baseVal.width,
    dark: [...(svg.querySelector('path')?.getAttribute('d') ?? '').matchAll(/M(\d+) (\d+)h1/g)].map((each) => [
      Number(each[1]),
      Number(each[2]),
    ]),
  }));
  const zoom = 6;
  const width = side * zoom;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [x = 0, y = 0] of dark) {
    for (let row = 0; row < zoom; row += 1) {
      for (let column = 0; column < zoom; column += 1) {
        pixels.fill(
          0,
          ((y * zoom + row) * width + x * zoom + column) * 4,
          ((y * zoom + row) * width + x * zoom + column) * 4 + 3,
        );
      }
    }
  }
  return jsQR(pixels, width, width)?.data;
}
