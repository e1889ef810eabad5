import type { Choice } from '../ui/forms';
import { usePlaces, useStaffNames, type Schedule } from './names';
import { useMe } from './session';

/**
 * The schedules to choose from: the service, whose it is, where. Two of one service differ by the person alone, and on a
 * phone what stands last is cut off. Patients are not told who works here; they choose the service. Schedules with the
 * same `value` are one choice, which names them all.
 */
export function useScheduleChoices(value: (schedule: Schedule) => string = (schedule) => schedule.id): {
  schedules: Schedule[];
  choices: Choice[];
} {
  const me = useMe();
  const places = usePlaces();
  const nameOf = useStaffNames(me.kind === 'staff');
  const schedules = (places.schedules.data ?? []).filter((each) => each.active);
  const groups = new Map<string, Schedule[]>();
  for (const each of schedules) groups.set(value(each), [...(groups.get(value(each)) ?? []), each]);
  const said = (texts: (string | undefined)[]) => [...new Set(texts)].filter(Boolean).join(', ');
  const choices = [...groups]
    .map(([value, of]) => ({
      value,
      label: [
        said(of.map((each) => each.name)),
        said(of.map((each) => nameOf(each.staff))),
        said(of.map((each) => places.clinic(each.clinic)?.name)),
      ]
        .filter(Boolean)
        .join(' · '),
    }))
    .sort((one, other) => one.label.localeCompare(other.label));
  return { schedules, choices };
}
