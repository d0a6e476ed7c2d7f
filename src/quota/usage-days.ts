import type { UsageItem } from './usage-item.ts';
import { dayOf } from './window.ts';

/** Units by day over all items of a tenant, oldest first. Days without units are left out. */
export const daysOf = (
  items: readonly UsageItem[],
): readonly { readonly day: string; readonly units: number }[] => {
  const days = new Map<string, number>();
  for (const item of items) {
    for (const [name, units] of item) {
      const day = dayOf(name);
      if (day !== undefined && units > 0) days.set(day, (days.get(day) ?? 0) + units);
    }
  }
  return [...days].map(([day, units]) => ({ day, units })).sort((a, b) => (a.day < b.day ? -1 : 1));
};
