/** The few pictures of the application. They repeat words and never stand for them. */

const paths = {
  today: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4M9 15l2 2 4-4',
  agenda: 'M4 6h16v14H4zM4 10h16M8 3v4M16 3v4M9.3 10v10M14.6 10v10',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.2 16.2 21 21',
  waiting: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2',
  pill: 'M8.2 4.2l11.6 11.6a4 4 0 0 1-5.6 5.6L2.600 9.800a4 4 0 0 1 5.600-5.600zM8.500 15.700l5.700-5.700',
  record: 'M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h5',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  shield: 'M12 3l7 3v5c0 5-3 8.500-7 10-4-1.500-7-5-7-10V6zM9 12l2.200 2.200L15.500 10',
  people:
    'M9 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM2.500 20c0-3.500 3-5.500 6.500-5.500s6.500 2 6.500 5.500M16 5.300a3.500 3.500 0 0 1 0 6.400M18 15c2.200.700 3.500 2.400 3.500 5',
  clinic: 'M5 21V5h14v16M2.500 21h19M12 8v6M9 11h6M10 21v-4h4v4',
  home: 'M3.500 11.500 12 4l8.500 7.500M6 9.500V20h12V9.500M10 20v-5h4v5',
  account: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20.500c.700-3.900 3.700-5.500 7.500-5.500s6.800 1.600 7.500 5.500',
  warning: 'M12 4 2.500 20h19zM12 10v4.500M12 17.200v.100',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 7.800v.100',
  check: 'M5 12.500 10 17.500 19.500 7',
  close: 'M6 6l12 12M18 6 6 18',
  left: 'M14.500 5.500 8 12l6.500 6.500',
  right: 'M9.500 5.500 16 12l-6.500 6.500',
  plus: 'M12 5v14M5 12h14',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  key: 'M8 9.500a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11.500 11.500 20 3.500M16.500 7l2.500 2.500',
  out: 'M10 4H5v16h5M10 12h10.500M16.500 8l4 4-4 4',
  table: 'M4 5h16v14H4zM4 10h16M4 14.500h16M10 5v14',
  chart: 'M4 4v16h16M7.500 15l3.500-4.500 3 2.500 4.500-6',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
  download: 'M12 4v11M7.500 10.500 12 15l4.500-4.500M4.500 20h15',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
