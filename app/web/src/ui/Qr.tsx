import { encode } from 'uqr';

/** A code for cameras: black on white in both themes, since readers want it so. */
export function Qr({ text, label, size = 208 }: { text: string; label: string; size?: number }) {
  const { data, size: side } = encode(text, { ecc: 'M', border: 2 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg className="qr" viewBox={`0 0 ${side} ${side}`} width={size} height={size} role="img" aria-label={label}>
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" shapeRendering="crispEdges" />
    </svg>
  );
}
