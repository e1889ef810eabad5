/** A measurement over time: a line, its last value in words, and the numbers themselves for whoever cannot see it. */

import { useI18n } from '../i18n';
import { scale, type Point } from './scale';

const [width, height, left, right, top, bottom] = [480, 150, 40, 14, 12, 24];

export function Chart({
  title,
  unit,
  points,
  range,
}: {
  title: string;
  unit: string;
  points: readonly Point[];
  range?: readonly [number, number] | undefined;
}) {
  const { t, f } = useI18n();
  const last = points.at(-1);
  if (!last) return null;
  const { x, y, ticks } = scale(points, range, { left, right: width - right, top, bottom: height - bottom });
  const line = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.at)} ${y(point.value)}`).join('');
  const outside = range !== undefined && (last.value < range[0] || last.value > range[1]);
  return (
    <figure className="chart">
      <figcaption>
        <span className="chart-title">{title}</span>
        <span className={outside ? 'chart-value outside' : 'chart-value'}>
          {f.number(last.value)} <small>{unit}</small>
          {outside ? <span className="mark warning">{t('vitals.outside')}</span> : null}
        </span>
        <span className="hint">{f.moment(new Date(last.at))}</span>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true" preserveAspectRatio="xMidYMid meet">
        {range === undefined ? null : (
          <rect
            className="chart-range"
            x={left}
            width={width - left - right}
            y={y(range[1])}
            height={Math.max(0, y(range[0]) - y(range[1]))}
          />
        )}
        {ticks.map((tick) => (
          <g key={tick}>
            <line className="chart-grid" x1={left} x2={width - right} y1={y(tick)} y2={y(tick)} />
            <text x={left - 7} y={y(tick) + 4} textAnchor="end">
              {f.number(tick)}
            </text>
          </g>
        ))}
        <path className="chart-line" d={line} />
        {points.map((point, index) => (
          <circle
            key={index}
            className={point === last ? 'chart-point last' : 'chart-point'}
            cx={x(point.at)}
            cy={y(point.value)}
            r={point === last ? 5 : 3.5}
          />
        ))}
        <text x={left} y={height - 5}>
          {f.day(new Date(points[0]?.at ?? last.at))}
        </text>
        <text x={width - right} y={height - 5} textAnchor="end">
          {points.length > 1 ? f.day(new Date(last.at)) : ''}
        </text>
      </svg>
      <table className="unseen">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{t('vitals.when')}</th>
            <th scope="col">{unit}</th>
          </tr>
        </thead>
        <tbody>
          {points.map((point, index) => (
            <tr key={index}>
              <td>{f.moment(new Date(point.at))}</td>
              <td>{f.number(point.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
