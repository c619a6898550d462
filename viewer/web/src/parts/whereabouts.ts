/** Where something live is, in words: places come as ids, and the tree, the rooms and the registers know their names. */

import { idOf, type LivePlace, type Named } from "../live/states";
import type { Twin } from "../twin";
import { buildingTitle, title } from "../words";

/** From the large to the small; what has no name that the page knows is left out. */
export function whereabouts(twin: Twin, place: LivePlace | null, room: Named | undefined = place?.room): string {
  const storey = idOf(place?.storey);
  const found = storey === null ? null : twin.findStorey(storey);
  const building = twin.tree?.buildings.find(({ id }) => id === idOf(place?.building)) ?? found?.building;
  const parts = [registered(twin, place?.zone), registered(twin, place?.segment), building ? buildingTitle(building) : null, found ? title(found.storey.name, found.storey.long_name) : null, roomTitle(twin, storey, room)];
  return [...new Set(parts.filter((part): part is string => part !== null && part !== ""))].join(" · ");
}

function roomTitle(twin: Twin, storey: string | null, room: Named | undefined): string | null {
  if (typeof room === "object" && room !== null && room.name) return room.name;
  const rooms = storey === null ? undefined : twin.rooms.get(storey);
  const found = rooms?.status === "ready" ? rooms.rooms.find(({ id }) => id === idOf(room)) : undefined;
  return found ? title(found.name, found.long_name) : null;
}

/** `perimeter_segment:PER-01` is `perimeter_segment/PER-01` among the posts. */
function registered(twin: Twin, named: Named | undefined): string | null {
  const id = idOf(named);
  if (id === null || named === null || named === undefined) return null;
  if (typeof named === "object" && named.name) return named.name;
  return twin.live.posts.get(id.replace(":", "/"))?.name ?? id.slice(id.indexOf(":") + 1);
}
